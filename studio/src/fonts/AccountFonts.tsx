import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { api, body, type FontFile } from "../api/client.ts";
import { keys, useFonts } from "../api/queries.ts";
import { failing } from "../api/told.ts";
import { useLanguage, type Text } from "../text/index.tsx";
import { Button, Dialog, Failure } from "../ui/controls.tsx";
import { AddFont } from "./AddFont.tsx";
import { declareFamily, ownName, undeclare } from "./declared.ts";

/** This account's own fonts: brought here or in the editor, deleted here. */
export function AccountFonts() {
  const { text } = useLanguage();
  const client = useQueryClient();
  const fonts = useFonts();
  const own = fonts.data?.filter(({ family }) => ownName(family)) ?? [];
  const [adding, setAdding] = useState(false);
  const [doomed, setDoomed] = useState<FontFile | null>(null);
  const [fault, setFault] = useState("");
  const [said, setSaid] = useState("");

  async function remove(file: FontFile) {
    setDoomed(null);
    setFault("");
    try {
      await body(api.DELETE("/api/v1/fonts/{font_id}", { params: { path: { font_id: file.id } } }));
      await undeclare(file.id);
      await client.invalidateQueries({ queryKey: keys.fonts });
      setSaid(text.fonts.deleted(file.filename));
    } catch (error) {
      setFault(failing(error, text));
    }
  }

  return (
    <section>
      <h2>{text.fonts.title}</h2>
      <p className="muted small">{own.length ? text.fonts.lead : text.fonts.none}</p>
      <p className="unseen" role="status">{said}</p>
      {fault && <Failure message={fault} />}
      {own.length > 0 && (
        <ul className="rows">
          {own.flatMap(({ family, files }) =>
            files.map((file) => <FontRow key={file.id} family={family} file={file} onDelete={() => setDoomed(file)} />),
          )}
        </ul>
      )}
      <p><Button kind="outline" icon="plus" onClick={() => setAdding(true)}>{text.fonts.add}</Button></p>
      {adding && (
        <AddFont
          onClose={() => setAdding(false)}
          onAdded={({ title }) => {
            setAdding(false);
            setSaid(text.fonts.added(title));
          }}
        />
      )}
      {doomed && (
        <Dialog
          title={text.fonts.deleteTitle(doomed.filename)}
          onClose={() => setDoomed(null)}
          footer={
            <>
              <Button kind="quiet" onClick={() => setDoomed(null)}>{text.videos.cancel}</Button>
              <Button kind="danger" onClick={() => void remove(doomed)}>{text.videos.delete}</Button>
            </>
          }
        >
          <p>{text.fonts.deleteLead}</p>
        </Dialog>
      )}
    </section>
  );
}

function FontRow(props: { family: string; file: FontFile; onDelete: () => void }) {
  const { family, file } = props;
  const { text, language } = useLanguage();
  const { lightest, heaviest } = file;
  useEffect(() => void declareFamily(family).catch(() => null), [family, file.id]);
  const day = new Date(file.licensed_at).toLocaleDateString(language, { dateStyle: "medium" });
  return (
    <li>
      <span className="look-row">
        <span className="font-row-name" style={{ fontFamily: `"${family}", "Pretendard Variable"`, fontWeight: heaviest, fontStyle: file.italic ? "italic" : "normal" }}>
          {ownName(family)}
        </span>
        <span className="muted small">{[file.filename, weights(lightest, heaviest, file.italic, text), scripts(file, text, language)].join(" · ")}</span>
        <span className="muted small">{text.fonts.licensed(day)}</span>
      </span>
      <Button size="small" kind="quiet" aria-label={text.fonts.deleteOne(file.filename)} onClick={props.onDelete}>
        {text.videos.delete}
      </Button>
    </li>
  );
}

function weights(first: number, last: number, italic: boolean, text: Text): string {
  return (first === last ? text.fonts.weight(first) : text.fonts.weights(first, last)) + (italic ? ` · ${text.fonts.italic}` : "");
}

/** The scripts whose letters it has, as people call them. */
function scripts({ scripts: codes }: FontFile, text: Text, language: string): string {
  const names = new Intl.DisplayNames(language, { type: "script" });
  return codes.map((code) => names.of(code) ?? code).join(", ") || text.fonts.someLetters;
}

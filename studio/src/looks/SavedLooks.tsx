import { useEffect, useRef, useState } from "react";
import type { Look } from "../api/client.ts";
import { useStyles } from "../api/queries.ts";
import { useDesk } from "../editor/context.ts";
import type { Scenario } from "../editor/document.ts";
import { sameStyle } from "../editor/edits.ts";
import type { Sample } from "../editor/sample.ts";
import { StyleFace, useLooked } from "../editor/StyleFace.tsx";
import { useText } from "../text/index.tsx";
import { Button, Failure } from "../ui/controls.tsx";
import { Menu, MenuItem } from "../ui/Menu.tsx";
import { NameForm } from "./NameForm.tsx";
import { useLooks } from "./useLooks.ts";

/** The looks of this account beside the styles: put on by a click, saved and named where they stand. */
export function SavedLooks(props: { sample: Sample | null; wear: (style: Scenario["style"]) => void }) {
  const { history, say } = useDesk();
  const text = useText();
  const { looks, fault, nameFault, save, replace, remove } = useLooks();
  const [naming, setNaming] = useState<Look | "new" | null>(null);
  const { style } = history.present;
  const worn = looks.find((one) => sameStyle(one.style, style));
  const section = useRef<HTMLElement>(null);
  const named = useRef("");
  useEffect(() => {
    const before = named.current;
    named.current = naming === "new" ? "new" : (naming?.id ?? "");
    // the field that had the focus is gone: what it named has it now
    if (!before || naming || document.activeElement !== document.body) return;
    const find = (selector: string) => section.current?.querySelector<HTMLElement>(selector);
    (find(`[data-look="${before}"]`) ?? find("[data-worn]") ?? find(".save-look"))?.focus();
  }, [naming]);
  const done = (line: string) => (went: boolean) => {
    if (went) {
      setNaming(null);
      say(line);
    }
    return went;
  };

  return (
    <section className="saved-looks" ref={section}>
      <h3>{text.looks.title}</h3>
      {looks.length > 0 && (
        <ul className="gallery">
          {looks.map((look) =>
            naming === look ? (
              <li key={look.id} className="naming">
                <NameForm
                  label={text.looks.name}
                  value={look.name}
                  fault={(name) => nameFault(name, look)}
                  onName={(name) => replace({ ...look, name }).then(done(text.looks.renamed(name)))}
                  onCancel={() => setNaming(null)}
                />
              </li>
            ) : (
              <li key={look.id} className="look-card">
                <LookCard look={look} sample={props.sample} worn={look === worn} onPick={() => props.wear(look.style)} />
                <Menu trigger={<Button kind="quiet" size="small" icon="more" aria-label={text.looks.more(look.name)} />}>
                  <MenuItem onClick={() => setNaming(look)}>{text.looks.rename}</MenuItem>
                  <MenuItem onClick={() => void replace({ ...look, style }).then(done(text.looks.updated(look.name)))}>
                    {text.looks.update}
                  </MenuItem>
                  <MenuItem danger onClick={() => void remove(look).then(done(text.looks.deleted(look.name)))}>
                    {text.videos.delete}
                  </MenuItem>
                </Menu>
              </li>
            ),
          )}
        </ul>
      )}
      {fault && <Failure message={fault} />}
      {naming === "new" ? (
        <NameForm
          label={text.looks.name}
          value=""
          fault={nameFault}
          onName={(name) => save(name, style).then(done(text.looks.saved(name)))}
          onCancel={() => setNaming(null)}
        />
      ) : (
        <Button className="button save-look" kind="outline" size="small" icon="plus" disabled={worn !== undefined} onClick={() => setNaming("new")}>
          {text.looks.save}
        </Button>
      )}
      {!looks.length && <p className="hint muted tiny">{text.looks.lead}</p>}
    </section>
  );
}

function LookCard(props: { look: Look; sample: Sample | null; worn: boolean; onPick: () => void }) {
  const { look, worn } = props;
  const styles = useStyles();
  const [looked, told] = useLooked();
  const words = styles.data?.find((one) => one.name === look.style.name)?.paging.words;
  return (
    <button type="button" className="style-card" data-look={look.id} data-worn={worn ? "" : undefined} aria-pressed={worn} onClick={props.onPick} {...told}>
      <StyleFace sample={props.sample} style={look.style} words={words} moving={looked || worn} title={look.name} />
    </button>
  );
}

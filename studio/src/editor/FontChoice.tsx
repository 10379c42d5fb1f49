import { useEffect, useMemo, useState } from "react";
import { useFonts } from "../api/queries.ts";
import { AddFont } from "../fonts/AddFont.tsx";
import { declareFamily, ownName } from "../fonts/declared.ts";
import { useText } from "../text/index.tsx";
import { Button } from "../ui/controls.tsx";
import { useDesk } from "./context.ts";
import { override } from "./edits.ts";
import { lacking, rangesOf } from "./glyphs.ts";

/** Letters named of those that a font lacks. */
const NAMED = 12;

/** The fonts there are, each in its own face: the style's own first, then those that were brought. */
export function FontChoice({ usual }: { usual: string | undefined }) {
  const { history, dispatch, say } = useDesk();
  const text = useText();
  const fonts = useFonts();
  const [adding, setAdding] = useState(false);
  const { cues } = history.present;
  const chosen = history.present.style.overrides?.font ?? usual;
  const listed = fonts.data?.toSorted((a, b) => Number(b.family === usual) - Number(a.family === usual));
  const found = listed?.find(({ family }) => family === chosen);
  const absent = useMemo(() => {
    if (!found) return [];
    const said = cues.flatMap((cue) => cue.words.map((word) => word.text)).join("");
    const ranges = found.files.length ? found.files.map((file) => file.unicode_range) : rangesOf(found.family);
    return lacking(ranges, said);
  }, [cues, found]);
  const choose = (family: string) =>
    dispatch({ do: "edit", change: (one) => override(one, { font: family === usual ? undefined : family }) });

  useEffect(() => {
    for (const { family, files } of fonts.data ?? []) if (files.length) declareFamily(family).catch(() => null);
  }, [fonts.data]);

  return (
    <div className="font-choice">
      <fieldset className="fonts">
        <legend className="label">{text.look.font}</legend>
        {listed?.map(({ family, title }) => (
          <label key={family} className="font" title={title}>
            <input
              type="radio"
              name="font"
              className="unseen"
              checked={family === chosen}
              onChange={() => choose(family)}
            />
            <span className="font-name" style={{ fontFamily: `"${family}", "Pretendard Variable"` }}>{title}</span>
          </label>
        ))}
      </fieldset>
      <div role="status">
        {absent.length > 0 && (
          <p className="hint">{text.look.lacks(absent.slice(0, NAMED).join(" ") + (absent.length > NAMED ? " …" : ""))}</p>
        )}
        {listed && !found && ownName(chosen) && <p className="hint">{text.look.fontGone(ownName(chosen))}</p>}
      </div>
      <Button kind="outline" size="small" icon="plus" onClick={() => setAdding(true)}>{text.fonts.addOne}</Button>
      {adding && (
        <AddFont
          onClose={() => setAdding(false)}
          onAdded={({ family, title }) => {
            setAdding(false);
            choose(family);
            say(text.fonts.added(title));
          }}
        />
      )}
    </div>
  );
}

import { useMemo } from "react";
import { useFonts } from "../api/queries.ts";
import { useText } from "../text/index.tsx";
import { useDesk } from "./context.ts";
import { override } from "./edits.ts";
import { lacking, rangesOf } from "./glyphs.ts";

/** Letters named of those that a font lacks. */
const NAMED = 12;

/** The fonts there are, each in its own face, the style's own first. */
export function FontChoice({ usual }: { usual: string | undefined }) {
  const { history, dispatch } = useDesk();
  const text = useText();
  const fonts = useFonts();
  const { cues } = history.present;
  const chosen = history.present.style.overrides?.font ?? usual;
  const listed = fonts.data?.toSorted((a, b) => Number(b.family === usual) - Number(a.family === usual));
  const absent = useMemo(() => {
    const said = cues.flatMap((cue) => cue.words.map((word) => word.text)).join("");
    return chosen ? lacking(rangesOf(chosen), said) : [];
  }, [cues, chosen]);
  return (
    <fieldset className="fonts">
      <legend className="label">{text.look.font}</legend>
      {listed?.map(({ family, title }) => (
        <label key={family} className="font">
          <input
            type="radio"
            name="font"
            className="unseen"
            checked={family === chosen}
            onChange={() =>
              dispatch({ do: "edit", change: (one) => override(one, { font: family === usual ? undefined : family }) })
            }
          />
          <span className="font-name" style={{ fontFamily: `"${family}"` }}>{title}</span>
        </label>
      ))}
      {absent.length > 0 && (
        <p className="hint">{text.look.lacks(absent.slice(0, NAMED).join(" ") + (absent.length > NAMED ? " …" : ""))}</p>
      )}
    </fieldset>
  );
}

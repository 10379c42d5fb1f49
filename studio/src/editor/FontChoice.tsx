import { useFonts } from "../api/queries.ts";
import { useText } from "../text/index.tsx";
import { useDesk } from "./context.ts";
import { override } from "./edits.ts";

/** The fonts there are, each in its own face. */
export function FontChoice({ usual }: { usual: string | undefined }) {
  const { history, dispatch } = useDesk();
  const text = useText();
  const fonts = useFonts();
  const chosen = history.present.style.overrides?.font ?? usual;
  return (
    <fieldset className="fonts">
      <legend className="label">{text.look.font}</legend>
      {fonts.data?.map(({ family, title }) => (
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
          <span className="font-sample" aria-hidden="true" style={{ fontFamily: `"${family}"` }}>Aa</span>
          <span className="font-name">{title}</span>
        </label>
      ))}
    </fieldset>
  );
}

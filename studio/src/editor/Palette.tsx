import { useText } from "../text/index.tsx";
import { useDesk } from "./context.ts";
import { override } from "./edits.ts";
import { PALETTES } from "./palette.ts";

type Name = keyof typeof PALETTES;

/** The speakers' colours: their own, or a palette in their order. */
export function Palette() {
  const { history, dispatch } = useDesk();
  const text = useText();
  const { style, speakers } = history.present;
  const set = style.overrides?.palette;
  const own = Object.values(speakers).map((one) => one.color);
  const named = (Object.keys(PALETTES) as Name[]).find((name) => String(PALETTES[name]) === String(set));
  const options: [string, string, readonly string[] | undefined][] = [
    ["own", text.look.palettes.own, undefined],
    ...(Object.keys(PALETTES) as Name[]).map((name) => [name, text.look.palettes[name], PALETTES[name]] as [string, string, readonly string[]]),
  ];
  if (set && !named) options.push(["custom", text.look.palettes.custom, set]);
  const chosen = named ?? (set ? "custom" : "own");
  return (
    <fieldset className="palettes">
      <legend className="label">{text.look.palette}</legend>
      {options.map(([value, label, colors]) => (
        <label key={value} className="palette">
          <input
            type="radio"
            name="palette"
            className="unseen"
            checked={chosen === value}
            onChange={() => dispatch({ do: "edit", change: (one) => override(one, { palette: colors && [...colors] }) })}
          />
          <span className="palette-dots" aria-hidden="true">
            {(colors ?? own).slice(0, 6).map((color, index) => <i key={index} style={{ background: color }} />)}
          </span>
          <span className="palette-name">{label}</span>
        </label>
      ))}
    </fieldset>
  );
}

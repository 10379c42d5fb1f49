import type { Style } from "../api/client.ts";
import { useStyles } from "../api/queries.ts";
import { useText } from "../text/index.tsx";
import { useDesk } from "./context.ts";
import type { Scenario } from "./document.ts";
import { StyleFace, useLooked } from "./StyleFace.tsx";
import type { Sample } from "./sample.ts";

/** The styles, each on the person's own words, in the font and colours that are chosen. */
export function Gallery(props: { sample: Sample | null; wear: (change: { name: string } & Partial<Scenario["style"]>) => void }) {
  const { history } = useDesk();
  const text = useText();
  const styles = useStyles();
  const { style } = history.present;
  return (
    <fieldset className="gallery">
      <legend className="unseen">{text.look.gallery}</legend>
      {styles.data?.map((one) => (
        <StyleRadio
          key={one.name}
          one={one}
          sample={props.sample}
          style={style}
          onChoose={() => props.wear({ name: one.name, parameters: {} })}
        />
      ))}
    </fieldset>
  );
}

function StyleRadio(props: { one: Style; sample: Sample | null; style: Scenario["style"]; onChoose: () => void }) {
  const { one, style } = props;
  const text = useText();
  const [looked, told] = useLooked();
  const chosen = one.name === style.name;
  const { font, palette } = style.overrides ?? {};
  const overrides = { ...(font != null && { font }), ...(palette != null && { palette }) };
  return (
    <label className="style-card" {...told}>
      <input
        type="radio"
        name="style"
        className="unseen"
        checked={chosen}
        onChange={props.onChoose}
        aria-describedby={`about-${one.name}`}
      />
      <StyleFace
        sample={props.sample}
        style={{ name: one.name, strength: style.strength ?? 1, overrides }}
        words={one.paging.words}
        moving={looked || chosen}
        title={one.title}
      />
      <span className="unseen" id={`about-${one.name}`}>{text.look.about[one.name] ?? one.description}</span>
    </label>
  );
}

import { useStyles } from "../api/queries.ts";
import { SavedLooks } from "../looks/SavedLooks.tsx";
import { useText } from "../text/index.tsx";
import { Button, Segments, Slider } from "../ui/controls.tsx";
import { useDesk } from "./context.ts";
import { override, setStyle } from "./edits.ts";
import { FontChoice } from "./FontChoice.tsx";
import { Gallery } from "./Gallery.tsx";
import { Palette } from "./Palette.tsx";
import { Position } from "./Position.tsx";
import { useRepaging } from "./repaging.ts";
import { useSample } from "./sample.ts";

export function Look() {
  const { history, dispatch } = useDesk();
  const text = useText();
  const styles = useStyles();
  const wear = useRepaging();
  const { style } = history.present;
  const sample = useSample();
  const overrides = style.overrides ?? {};
  const chosen = styles.data?.find((one) => one.name === style.name);
  const own = chosen?.parameters["box"]?.default;
  const box = overrides.box ?? (typeof style.parameters?.["box"] === "number" ? style.parameters["box"] : own);

  return (
    <div className="look">
      <Gallery sample={sample} wear={(change) => void wear(change)} />
      {chosen && <p className="small muted">{text.look.about[chosen.name] ?? chosen.description}</p>}
      <SavedLooks sample={sample} wear={(look) => void wear(look)} />
      <Expression />
      <FontChoice usual={chosen?.fonts[0]} />
      <Slider
        label={text.look.size}
        shown={`${Math.round((overrides.size ?? 1) * 100)}%`}
        value={overrides.size ?? 1}
        min={0.5}
        max={2}
        step={0.05}
        onChange={(size) => dispatch({ do: "edit", group: "size", change: (one) => override(one, { size }) })}
      />
      <Palette />
      <Slider
        label={text.look.box}
        shown={`${Math.round(Number(box ?? 0) * 100)}%`}
        value={Number(box ?? 0)}
        min={0}
        max={1}
        step={0.05}
        onChange={(value) => dispatch({ do: "edit", group: "box", change: (one) => override(one, { box: value }) })}
      />
      <Position usual={chosen?.position ?? "bottom"} />
      {Object.keys(overrides).length > 0 && (
        <Button kind="quiet" onClick={() => dispatch({ do: "edit", change: (one) => setStyle(one, { overrides: {} }) })}>
          {text.look.reset}
        </Button>
      )}
    </div>
  );
}

/** Plain, or as expressive as it was last, and how much. */
function Expression() {
  const { history, dispatch } = useDesk();
  const text = useText();
  const strength = history.present.style.strength ?? 1;
  const set = (value: number, group?: string) =>
    dispatch({ do: "edit", change: (one) => setStyle(one, { strength: value }), ...(group && { group }) });
  const last = () => history.past.findLast(({ style }) => style.strength !== 0)?.style.strength ?? 1;
  return (
    <div className="expression">
      <Segments<"plain" | "expressive">
        label={text.look.expression}
        value={strength === 0 ? "plain" : "expressive"}
        options={[
          ["plain", text.look.plainly],
          ["expressive", text.look.expressively],
        ]}
        onChange={(one) => set(one === "plain" ? 0 : last())}
      />
      <Slider
        label={text.look.strength}
        shown={strength === 0 ? text.look.plain : `${Math.round(strength * 100)}%`}
        value={strength}
        min={0}
        max={1}
        step={0.05}
        onChange={(value) => set(value, "strength")}
      />
    </div>
  );
}

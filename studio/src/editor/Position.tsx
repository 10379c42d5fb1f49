import { useText } from "../text/index.tsx";
import { Segments, Slider } from "../ui/controls.tsx";
import { useDesk } from "./context.ts";
import type { Region } from "./document.ts";
import { override } from "./edits.ts";

/** Where captions stand: a place by name, or a point, which is dragged in the film or set here. */
export function Position({ usual }: { usual: Region }) {
  const { history, dispatch, width, height } = useDesk();
  const text = useText();
  const place = history.present.style.overrides?.position ?? usual;
  const put = (position: Region, group?: string) =>
    dispatch({ do: "edit", change: (one) => override(one, { position }), ...(group && { group }) });
  // where most captions stand, and no player covers them
  const free = { x: 0.5, y: height > width ? 0.55 : 0.8, anchor: "center" as const };
  const point = typeof place === "object" ? place : null;
  return (
    <div className="field">
      <span className="label">{text.look.position}</span>
      <Segments<"top" | "middle" | "bottom" | "free">
        label={text.look.position}
        value={typeof place === "string" ? place : "free"}
        options={[
          ["top", text.look.top],
          ["middle", text.look.middle],
          ["bottom", text.look.bottom],
          ["free", text.look.free],
        ]}
        onChange={(name) => put(name === "free" ? free : name)}
      />
      {point &&
        (["x", "y"] as const).map((axis) => (
          <Slider
            key={axis}
            label={text.look[axis]}
            shown={`${Math.round(point[axis] * 100)}%`}
            value={point[axis]}
            min={0}
            max={1}
            step={0.01}
            onChange={(to) => put({ ...point, [axis]: to }, `position ${axis}`)}
          />
        ))}
      <p className="hint">{text.look.dragHint}</p>
    </div>
  );
}

import { useDeferredValue, useMemo, useState } from "react";
import { useStyles } from "../api/queries.ts";
import { useText } from "../text/index.tsx";
import { Button, Segments, Slider } from "../ui/controls.tsx";
import { MiniStage } from "../ui/MiniStage.tsx";
import { useDesk } from "./context.ts";
import { cueAt, type Cue, type Scenario } from "./document.ts";
import { override, setStyle } from "./edits.ts";
import { useRepaging } from "./repaging.ts";

/** px of the engine's stage behind a card: square, of which the middle is shown. */
const STAGE = 230;

export function Look() {
  const { history, dispatch } = useDesk();
  const text = useText();
  const styles = useStyles();
  const repage = useRepaging();
  const { style } = history.present;
  const sample = useSample();
  const [shown, setShown] = useState("");
  const overrides = style.overrides ?? {};
  const strength = style.strength ?? 1;
  const chosen = styles.data?.find((one) => one.name === style.name);
  const own = chosen?.parameters["box"]?.default;
  const box = overrides.box ?? (typeof style.parameters?.["box"] === "number" ? style.parameters["box"] : own);
  const place = overrides.position ?? chosen?.position ?? "bottom";

  return (
    <div className="look">
      <fieldset className="gallery">
        <legend className="unseen">{text.look.gallery}</legend>
        {styles.data?.map((one) => (
          <label
            key={one.name}
            className="style-card"
            onPointerEnter={() => setShown(one.name)}
            onPointerLeave={() => setShown("")}
          >
            <input
              type="radio"
              name="style"
              className="unseen"
              checked={one.name === style.name}
              onChange={() => void repage(one)}
              aria-describedby={`about-${one.name}`}
            />
            <span className="style-picture">
              {sample && (
                <MiniStage
                  scenario={sampled(sample, one.name, one.paging.words ?? 3, strength)}
                  width={STAGE}
                  height={STAGE}
                  seconds={sample.seconds}
                  still={sample.still}
                  moving={shown === one.name || one.name === style.name}
                />
              )}
            </span>
            <span className="style-name">{one.title}</span>
            <span className="unseen" id={`about-${one.name}`}>{text.look.about[one.name] ?? one.description}</span>
          </label>
        ))}
      </fieldset>
      {chosen && <p className="small muted">{text.look.about[chosen.name] ?? chosen.description}</p>}
      <Slider
        label={text.look.strength}
        shown={strength === 0 ? text.look.plain : `${Math.round(strength * 100)} %`}
        value={strength}
        min={0}
        max={1}
        step={0.05}
        onChange={(value) =>
          dispatch({ do: "edit", group: "strength", change: (one) => setStyle(one, { strength: value }) })
        }
      />
      <Slider
        label={text.look.size}
        shown={`${Math.round((overrides.size ?? 1) * 100)} %`}
        value={overrides.size ?? 1}
        min={0.5}
        max={2}
        step={0.05}
        onChange={(size) => dispatch({ do: "edit", group: "size", change: (one) => override(one, { size }) })}
      />
      <Slider
        label={text.look.box}
        shown={`${Math.round(Number(box ?? 0) * 100)} %`}
        value={Number(box ?? 0)}
        min={0}
        max={1}
        step={0.05}
        onChange={(value) => dispatch({ do: "edit", group: "box", change: (one) => override(one, { box: value }) })}
      />
      <div className="field">
        <span className="label">{text.look.position}</span>
        <Segments
          label={text.look.position}
          value={typeof place === "string" ? place : null}
          options={[
            ["top", text.look.top],
            ["middle", text.look.middle],
            ["bottom", text.look.bottom],
          ]}
          onChange={(position) => dispatch({ do: "edit", change: (one) => override(one, { position }) })}
        />
        <p className="hint">{text.look.dragHint}</p>
      </div>
      {Object.keys(overrides).length > 0 && (
        <Button kind="quiet" onClick={() => dispatch({ do: "edit", change: (one) => setStyle(one, { overrides: {} }) })}>
          {text.look.reset}
        </Button>
      )}
    </div>
  );
}

interface Sample {
  cue: Cue;
  speakers: Scenario["speakers"];
  seconds: number;
  still: number;
}

/** A few of the person's own words, from the selected caption or the liveliest near the start. */
function useSample(): Sample | null {
  const { history } = useDesk();
  const scenario = useDeferredValue(history.present);
  const selected = cueAt(scenario, history.selected);
  const cue = selected?.kind === "speech" ? selected : liveliest(scenario.cues.slice(0, 40));
  const { speakers } = scenario;
  return useMemo(() => {
    if (!cue) return null;
    const span = (cue.words.at(-1)?.end ?? cue.end) - cue.start;
    return { cue, speakers, seconds: span + 1.4, still: span * 0.55 };
  }, [cue, speakers]);
}

function liveliest(cues: readonly Cue[]): Cue | undefined {
  const spoken = cues.filter((cue) => cue.kind === "speech" && cue.words.length > 1);
  const loudest = (cue: Cue) => Math.max(...cue.words.map((word) => word.loudness ?? 0));
  return spoken.toSorted((a, b) => loudest(b) - loudest(a))[0] ?? cues[0];
}

const made = new WeakMap<Sample, Map<string, Scenario>>();

/** The sample in a style: as many words at a time as it shows, times from zero on. */
function sampled(sample: Sample, name: string, most: number, strength: number): Scenario {
  const known = made.get(sample) ?? new Map<string, Scenario>();
  made.set(sample, known);
  const key = `${name} ${strength}`;
  const before = known.get(key);
  if (before) return before;
  const { cue } = sample;
  const size = Math.min(most, 3);
  const from = cue.start;
  const words = cue.words.map((word) => ({ ...word, start: word.start - from, end: word.end - from }));
  const cues: Cue[] = [];
  for (let at = 0; at < words.length; at += size) {
    const some = words.slice(at, at + size);
    const first = some[0];
    if (!first) break;
    const end = words[at + size]?.start ?? sample.seconds - 0.1;
    cues.push({ ...cue, id: `${cue.id.slice(0, 20)}-p${at}`, region: null, start: first.start, end, words: some });
  }
  const speaker = cue.speaker == null ? undefined : sample.speakers[cue.speaker];
  const scenario: Scenario = {
    version: 1,
    style: { name, strength, overrides: { size: 1.7, position: "middle" } },
    speakers: cue.speaker != null && speaker ? { [cue.speaker]: speaker } : {},
    cues,
  };
  known.set(key, scenario);
  return scenario;
}

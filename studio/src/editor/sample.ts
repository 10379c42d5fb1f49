import { useDeferredValue, useMemo } from "react";
import { useDesk } from "./context.ts";
import { cueAt, type Cue, type Scenario } from "./document.ts";

/** A few of the person's own words, which styles are shown on. Times in seconds. */
export interface Sample {
  cue: Cue;
  speakers: Scenario["speakers"];
  seconds: number;
  still: number;
}

/** From the selected caption, or the liveliest near the start. */
export function useSample(): Sample | null {
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

/** The sample in a style, large and in the middle: as many words at a time as it shows, times from zero on. */
export function sampled(sample: Sample, style: Scenario["style"], most: number): Scenario {
  const known = made.get(sample) ?? new Map<string, Scenario>();
  made.set(sample, known);
  const key = `${most} ${JSON.stringify(style)}`;
  const before = known.get(key);
  if (before) return before;
  const { cue, speakers } = sample;
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
  const overrides = { ...style.overrides, size: 1.7, position: "middle" as const };
  const scenario: Scenario = { version: 1, style: { ...style, overrides }, speakers, cues };
  known.set(key, scenario);
  return scenario;
}

/** The scenario as the studio holds it, and how to look things up in it. */
import type { components } from "../api/schema.ts";

export type Scenario = components["schemas"]["Scenario"];
export type Cue = components["schemas"]["Cue"];
export type Word = components["schemas"]["CueWord"];
export type Speaker = components["schemas"]["SpeakerLook"];
export type Overrides = components["schemas"]["Overrides"];
export type Region = NonNullable<Overrides["position"]>;

/** A word by its cue's id and its number there. */
export interface Place {
  cue: string;
  word: number;
}

export const same = (a: Place | null, b: Place | null) => a?.cue === b?.cue && a?.word === b?.word;

export function cueAt(scenario: Scenario, place: Place | null): Cue | undefined {
  return place ? scenario.cues.find((cue) => cue.id === place.cue) : undefined;
}

export function wordAt(scenario: Scenario, place: Place | null): Word | undefined {
  return place ? cueAt(scenario, place)?.words[place.word] : undefined;
}

/** What each speaker is drawn in: the look's palette in the order of the speakers, else their own. */
export function colorsOf({ speakers, style }: Scenario): Map<string, string> {
  const palette = style.overrides?.palette ?? [];
  return new Map(
    Object.entries(speakers).map(([id, one], index) => [id, palette[index % palette.length] ?? one.color]),
  );
}

export interface Spot extends Place {
  start: number;
  end: number;
  text: string;
}

/** Every word in order of its start. */
export function spotsOf(scenario: Scenario): Spot[] {
  const spots = scenario.cues.flatMap((cue) =>
    cue.words.map(({ start, end, text }, word) => ({ cue: cue.id, word, start, end, text })),
  );
  return spots.sort((a, b) => a.start - b.start);
}

/** The last word that has begun at `time`, by halving; -1 before the first. */
export function spotAt(spots: readonly Spot[], time: number): number {
  let low = 0;
  let high = spots.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((spots[middle]?.start ?? Infinity) <= time + 1e-4) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** The word `steps` on from a place, kept inside of the document. */
export function wordStep(scenario: Scenario, place: Place | null, steps: number): Place | null {
  const flat = scenario.cues.flatMap((cue) => cue.words.map((_, word) => ({ cue: cue.id, word })));
  if (!flat.length) return null;
  const at = flat.findIndex((one) => same(one, place));
  return flat[Math.max(0, Math.min(flat.length - 1, at < 0 ? 0 : at + steps))] ?? null;
}

/** The first word of the cue `steps` on. */
export function cueStep(scenario: Scenario, place: Place | null, steps: number): Place | null {
  if (!scenario.cues.length) return null;
  const at = scenario.cues.findIndex((cue) => cue.id === place?.cue);
  const to = Math.max(0, Math.min(scenario.cues.length - 1, at < 0 ? 0 : at + steps));
  const cue = scenario.cues[to];
  return cue ? { cue: cue.id, word: 0 } : null;
}

/**
 * Words that an edit made, to be timed anew by the sound: which window, and what its answer changes.
 * Pure. Times in seconds.
 */
import type { Cue, Scenario, Word } from "./document.ts";

/** Words of a cue, one after the other, as they stood when they were made. */
export interface Run {
  cue: string;
  words: readonly Pick<Word, "text" | "start" | "end">[];
}

export interface Timed {
  text: string;
  start: number;
  end: number;
  loudness: number | null;
  pitch: number | null;
  timing: string;
}

/** What the server measures at once. */
const LONGEST = 30;
const SHORTEST = 0.1;
const MOST = 200;
const SAME = 1e-3;

/**
 * The runs to be timed after an edit of words: those `waiting` in cues that it left alone, and of
 * each cue that has another number of words than before (or had words waiting) the new ones,
 * with one neighbour on either side to give the measurement a hold. Words that were only taken
 * away, or went to another cue, make none: the times of the rest were measured.
 */
export function untimedAfter(before: Scenario, after: Scenario, waiting: readonly Run[]): Run[] {
  const olds = new Map(before.cues.map((cue) => [cue.id, cue]));
  const known = new Set(before.cues.flatMap((cue) => cue.words));
  return after.cues.flatMap((cue) => {
    const old = olds.get(cue.id);
    const waits = waiting.filter((run) => run.cue === cue.id);
    if (!old || old === cue) return waits;
    if (cue.kind !== "speech") return [];
    if (old.words.length === cue.words.length && !waits.length) return [];
    const asked = waits.flatMap((run) => run.words);
    return runOf(cue, (word) => !known.has(word) || asked.some((one) => alike(one, word)));
  });
}

function runOf(cue: Cue, isNew: (word: Word) => boolean): Run[] {
  const first = cue.words.findIndex(isNew);
  if (first < 0) return [];
  const words = cue.words.slice(Math.max(0, first - 1), cue.words.findLastIndex(isNew) + 2);
  const run = { cue: cue.id, words: words.map(({ text, start, end }) => ({ text, start, end })) };
  const [from, to] = windowOf(run);
  return to - from >= SHORTEST && to - from <= LONGEST && words.length <= MOST ? [run] : [];
}

/** From where to where in the sound the words of a run are said. */
export function windowOf(run: Run): [number, number] {
  return [run.words[0]?.start ?? 0, run.words.at(-1)?.end ?? 0];
}

/** Gives the words of a run what was measured; the scenario itself where they are no longer the same. */
export function timed(scenario: Scenario, run: Run, measured: readonly Timed[]): Scenario {
  const index = scenario.cues.findIndex((cue) => cue.id === run.cue);
  const cue = scenario.cues[index];
  const at = cue ? placeOf(cue, run) : -1;
  if (!cue || at < 0 || measured.length !== run.words.length) return scenario;
  const words = [...cue.words];
  measured.forEach((one, number) => {
    const word = words[at + number];
    if (word) words[at + number] = withMeasured(word, one);
  });
  return { ...scenario, cues: scenario.cues.with(index, { ...cue, words }) };
}

function placeOf(cue: Cue, run: Run): number {
  return cue.words.findIndex((_, from) =>
    run.words.every((asked, number) => {
      const word = cue.words[from + number];
      return word != null && alike(asked, word);
    }));
}

function alike(one: Run["words"][number], word: Word): boolean {
  return one.text === word.text && Math.abs(one.start - word.start) < SAME && Math.abs(one.end - word.end) < SAME;
}

function withMeasured(word: Word, { start, end, loudness, pitch, timing }: Timed): Word {
  const { tags: before = [], ...plain } = word;
  const tags = before.filter((tag) => tag !== "interpolated");
  if (timing === "interpolated") tags.push("interpolated");
  const next = { ...plain, start, end, loudness: loudness ?? word.loudness, pitch: pitch ?? word.pitch };
  return tags.length ? { ...next, tags } : next;
}

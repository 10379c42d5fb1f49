/** What a script and the sound say of each other, and where in the transcript it stands. Pure. */
import type { Transcript } from "../api/client.ts";
import type { Scenario } from "./document.ts";
import { wordKey } from "./uncertain.ts";

export interface Note {
  key: string;
  code: string;
  start: number;
  text: string;
}

const SHOWN = new Set(["not_said", "left_out", "not_written"]);

/**
 * The notes by the id of the last cue that has begun when they do, "" before the first. Words of
 * the script that were not heard are told of as long as one of them is among the uncertain.
 */
export function notedBy(
  scenario: Scenario, transcript: Transcript | null, uncertain: ReadonlySet<string>, dismissed: ReadonlySet<string>,
): Map<string, Note[]> {
  const found = new Map<string, Note[]>();
  for (const { code, start, end, text } of transcript?.notes ?? []) {
    const key = `${code} ${start}`;
    if (!SHOWN.has(code) || !text || dismissed.has(key)) continue;
    if (code === "not_said" && !doubted(scenario, uncertain, start, end)) continue;
    const cue = scenario.cues.findLast((one) => one.start <= start + 1e-3)?.id ?? "";
    found.set(cue, [...(found.get(cue) ?? []), { key, code, start, text }]);
  }
  return found;
}

function doubted(scenario: Scenario, uncertain: ReadonlySet<string>, start: number, end: number): boolean {
  return scenario.cues.some((cue) =>
    cue.end >= start && cue.start <= end && cue.words.some((word) =>
      word.start >= start - 1e-3 && word.end <= end + 1e-3 && uncertain.has(wordKey(word.text, word.start))));
}

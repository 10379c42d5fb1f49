import type { Transcript } from "../api/client.ts";
import type { Scenario } from "./document.ts";

const DOUBTFUL = 0.5;

/** A word of the scenario as it was heard, by which it is found among the heard ones. */
export const wordKey = (text: string, start: number) => `${start.toFixed(3)} ${text}`;

/** Keys of the words that were heard without confidence and have not been changed since. */
export function uncertainIn(scenario: Scenario, transcript: Transcript | null): ReadonlySet<string> {
  const doubtful = new Set<string>();
  for (const segment of transcript?.segments ?? [])
    for (const word of segment.words)
      if (word.confidence < DOUBTFUL) doubtful.add(wordKey(word.text, word.start));
  const found = new Set<string>();
  for (const cue of scenario.cues)
    for (const word of cue.words) {
      const key = wordKey(word.text, word.start);
      if (doubtful.has(key)) found.add(key);
    }
  return found;
}

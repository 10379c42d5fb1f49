/**
 * The scenario document (v1) made ready for drawing: times in whole microseconds, so that
 * every comparison is exact, and all that one cue must know of the others.
 *
 * @typedef {"bottom" | "middle" | "top" | {x: number, y: number, anchor?: string}} Region
 * @typedef {{color?: string, scale?: number, weight?: number, italic?: boolean, hidden?: boolean}} WordStyle
 * @typedef {{text: string, start: number, end: number, loudness?: number | null, pitch?: number | null,
 *   emphasis?: number, tags?: string[], style?: WordStyle}} Word
 * @typedef {{id: string, kind: "speech" | "sound" | "music", start: number, end: number,
 *   speaker?: string | null, region?: Region | null, secondary?: {language: string, text: string},
 *   words: Word[]}} Cue
 * @typedef {{font?: string, size?: number, box?: number, palette?: string[], position?: Region}} Overrides
 * @typedef {{name: string, strength?: number, parameters?: Record<string, number | boolean | string>,
 *   overrides?: Overrides}} Choice
 * @typedef {{label: string, color: string, pitch_hz?: number | null}} Speaker
 * @typedef {{version: 1, style: Choice, speakers: Record<string, Speaker>, cues: Cue[]}} Scenario
 *
 * @typedef {{source: Word, start: number, end: number,
 *   joint: "space" | "bound" | "break" | "none"}} PreparedWord
 * @typedef {object} PreparedCue
 * @property {Cue} source
 * @property {number} start microseconds of the scenario
 * @property {number} end
 * @property {PreparedWord[]} words times in microseconds of the scenario
 * @property {string} label the speaker's name where it is to be shown, else ""
 * @property {string} language
 * @property {"ltr" | "rtl"} direction
 * @property {string} color
 * @property {number | null} pitch Hz
 *
 * @typedef {{start: number, end: number, cues: PreparedCue[]}} Group cues that are shown together
 */
import { between, hasKana, languageOf, lineDirection, mostlyRightToLeft } from "./script.js";

/** @param {number} seconds */
export function micros(seconds) {
  return Math.round(seconds * 1e6);
}

/**
 * @param {Scenario} scenario
 * @returns {PreparedCue[]} those that show anything, ordered by start
 */
export function prepare(scenario) {
  const speaking = new Set(
    scenario.cues.filter((cue) => cue.kind === "speech").map((cue) => cue.speaker ?? ""),
  );
  const all = scenario.cues.flatMap((cue) => cue.words.map((word) => word.text)).join("");
  const [japanese, leftwards] = [hasKana(all), mostlyRightToLeft(all)];
  const colors = speakerColors(scenario);
  const shown = scenario.cues
    .map((cue) => ({ cue, words: prepareWords(cue) }))
    .filter(({ cue, words }) => words.length > 0 || cue.secondary)
    .sort((a, b) => a.cue.start - b.cue.start);
  /** @type {string | null | undefined} */
  let last = undefined;
  return shown.map(({ cue, words }) => {
    const speaker = cue.speaker == null ? undefined : scenario.speakers[cue.speaker];
    const changed = cue.kind === "speech" && cue.speaker !== last;
    if (cue.kind === "speech") last = cue.speaker;
    const text = cue.words.map((word) => word.text).join(" ");
    return {
      source: cue,
      start: micros(cue.start),
      end: micros(cue.end),
      words,
      label: (changed && speaking.size > 1 && speaker?.label) || "",
      language: languageOf(text, japanese),
      direction: lineDirection(text, leftwards),
      color: colors.get(cue.speaker ?? "") ?? "#ffffff",
      pitch: speaker?.pitch_hz ?? null,
    };
  });
}

/**
 * @param {Cue} cue
 * @returns {PreparedWord[]}
 */
function prepareWords(cue) {
  const shown = bare(cue).filter((word) => !word.style?.hidden && word.text.trim() !== "");
  return shown.map((word, index) => ({
    source: word,
    start: micros(word.start),
    end: micros(word.end),
    joint: index === 0 ? "none" : jointOf(shown[index - 1], word),
  }));
}

/**
 * @param {Word} before a word tagged as bound stands on one line with the next
 * @param {Word} after
 */
function jointOf(before, after) {
  const joint = between(before.text.trim(), after.text.trim());
  if (!before.tags?.includes("bound")) return joint;
  return joint === "space" ? "bound" : "none";
}

/**
 * The words without the marks that every style sets itself: [brackets] of sounds, ♪ of music.
 * @param {Cue} cue
 */
function bare(cue) {
  const marks = { speech: null, sound: [/^\[/, /\]$/], music: [/^[♪♫\s]+/u, /[♪♫\s]+$/u] }[cue.kind];
  if (!marks) return cue.words;
  return cue.words.map((word, index) => {
    let text = word.text;
    if (index === 0) text = text.replace(marks[0], "");
    if (index === cue.words.length - 1) text = text.replace(marks[1], "");
    return { ...word, text };
  });
}

/**
 * @param {Scenario} scenario
 * @returns {Map<string, string>} the palette's colours in the order of the speakers, else their own
 */
function speakerColors(scenario) {
  const palette = scenario.style.overrides?.palette ?? [];
  const entries = Object.entries(scenario.speakers);
  return new Map(
    entries.map(([id, speaker], index) => [id, palette[index % palette.length] ?? speaker.color]),
  );
}

/**
 * Chains of cues that overlap in time, so that one group at most is on the stage.
 * @param {PreparedCue[]} cues ordered by start
 * @returns {Group[]}
 */
export function group(cues) {
  /** @type {Group[]} */
  const groups = [];
  for (const cue of cues) {
    const open = groups.at(-1);
    if (open && cue.start < open.end) {
      open.cues.push(cue);
      open.end = Math.max(open.end, cue.end);
    } else {
      groups.push({ start: cue.start, end: cue.end, cues: [cue] });
    }
  }
  return groups;
}

/**
 * What a person can do to a scenario. Each is a pure function of the scenario; what is not touched
 * stays the same object, and what cannot be done leaves the scenario as it is. Times in seconds.
 */
import { colorsOf, type Cue, type Overrides, type Place, type Scenario, type Speaker, type Word } from "./document.ts";

/** The least that a word may last. */
const SHORTEST = 0.02;
const TOUCHING = 1e-3;
/** Of a palette; further speakers begin with it again. */
const MOST_COLORS = 12;

const exact = (seconds: number) => Math.round(seconds * 1000) / 1000;

function withCue(scenario: Scenario, id: string, change: (cue: Cue) => Cue[] | Cue): Scenario {
  const index = scenario.cues.findIndex((cue) => cue.id === id);
  const cue = scenario.cues[index];
  if (!cue) return scenario;
  const next = [change(cue)].flat();
  if (next.length === 1 && next[0] === cue) return scenario;
  return { ...scenario, cues: scenario.cues.toSpliced(index, 1, ...next) };
}

function withWord(scenario: Scenario, place: Place, change: (word: Word) => Word[] | Word): Scenario {
  return withCue(scenario, place.cue, (cue) => {
    const word = cue.words[place.word];
    if (!word) return cue;
    const next = [change(word)].flat();
    if (next.length === 1 && next[0] === word) return cue;
    const words = cue.words.toSpliced(place.word, 1, ...next);
    return words.length ? { ...cue, words } : [];
  });
}

/** Sets a word's text; spaces in it make several words, which share its time by their letters. */
export function retype(scenario: Scenario, place: Place, text: string): Scenario {
  const parts = text.trim().split(/\s+/).filter(Boolean);
  if (!parts.length) return removeWord(scenario, place);
  return withWord(scenario, place, (word) =>
    parts.length === 1 && parts[0] === word.text ? word : shared(word, parts),
  );
}

function shared(word: Word, parts: string[]): Word[] {
  const letters = parts.map((part) => [...part].length);
  const all = letters.reduce((sum, count) => sum + count, 0);
  let at = word.start;
  return parts.map((text, index) => {
    const end = index === parts.length - 1
      ? word.end
      : exact(at + ((word.end - word.start) * (letters[index] ?? 0)) / all);
    const part = { ...word, text, start: at, end };
    at = end;
    return part;
  });
}

/** One word of a word and the one before it; the measurements are the longer's. */
export function mergeBefore(scenario: Scenario, place: Place): Scenario {
  if (place.word === 0) return joinBefore(scenario, place.cue);
  return withCue(scenario, place.cue, (cue) => {
    const [first, second] = [cue.words[place.word - 1], cue.words[place.word]];
    if (!first || !second) return cue;
    const longer = first.end - first.start >= second.end - second.start ? first : second;
    const merged = { ...longer, text: first.text + second.text, start: first.start, end: second.end };
    return { ...cue, words: cue.words.toSpliced(place.word - 1, 2, merged) };
  });
}

export function removeWord(scenario: Scenario, place: Place): Scenario {
  return withWord(scenario, place, () => []);
}

/** Changes a word's own look; what is set to `undefined` is the style's again. */
export function restyle(scenario: Scenario, place: Place, look: Partial<NonNullable<Word["style"]>>): Scenario {
  return withWord(scenario, place, (word) => {
    const entries = Object.entries({ ...word.style, ...look }).filter(([, value]) => value != null);
    const { style: _, ...plain } = word;
    return entries.length ? { ...plain, style: Object.fromEntries(entries) } : plain;
  });
}

/** Cuts a cue in two before a word. */
export function breakBefore(scenario: Scenario, place: Place): Scenario {
  return withCue(scenario, place.cue, (cue) => {
    const first = cue.words[place.word];
    if (!first || place.word === 0) return cue;
    const before = { ...cue, end: first.start, words: cue.words.slice(0, place.word) };
    const after = { ...cue, id: freshId(scenario, cue.id), start: first.start, words: cue.words.slice(place.word) };
    delete after.secondary;
    return [before, after];
  });
}

function freshId(scenario: Scenario, id: string): string {
  const taken = new Set(scenario.cues.map((cue) => cue.id));
  const stem = id.slice(0, 24).replace(/-\d+$/, "");
  for (let number = 2; ; number += 1) {
    const made = `${stem}-${number}`;
    if (!taken.has(made)) return made;
  }
}

/** Joins a cue to the one before it, where the same person says both. */
export function joinBefore(scenario: Scenario, id: string): Scenario {
  const index = scenario.cues.findIndex((cue) => cue.id === id);
  const [before, cue] = [scenario.cues[index - 1], scenario.cues[index]];
  if (!before || !cue || before.speaker !== cue.speaker || before.kind !== cue.kind) return scenario;
  if ((before.words.at(-1)?.end ?? 0) > cue.start + TOUCHING) return scenario;
  const joined = { ...before, end: Math.max(before.end, cue.end), words: [...before.words, ...cue.words] };
  return { ...scenario, cues: scenario.cues.toSpliced(index - 1, 2, joined) };
}

/**
 * Moves an edge of a word. A neighbour that it touches moves along; it stops at one that it does
 * not touch. The cue begins with its first word and ends no earlier than its last.
 */
export function moveEdge(scenario: Scenario, place: Place, edge: "start" | "end", to: number): Scenario {
  return withCue(scenario, place.cue, (cue) => {
    const word = cue.words[place.word];
    if (!word) return cue;
    const words = [...cue.words];
    const index = scenario.cues.indexOf(cue);
    if (edge === "start") {
      const before = words[place.word - 1];
      const touches = before && word.start - before.end < TOUCHING;
      const earliest = touches ? before.start + SHORTEST
        : (before?.end ?? Math.max(0, scenario.cues[index - 1]?.start ?? 0));
      const start = exact(Math.max(earliest, Math.min(to, word.end - SHORTEST)));
      if (start === word.start) return cue;
      words[place.word] = { ...word, start };
      if (touches) words[place.word - 1] = { ...before, end: start };
    } else {
      const after = words[place.word + 1];
      const touches = after && after.start - word.end < TOUCHING;
      const next = scenario.cues[index + 1];
      const latest = touches ? after.end - SHORTEST : (after?.start ?? next?.start ?? Infinity);
      const end = exact(Math.max(word.start + SHORTEST, Math.min(to, latest)));
      if (end === word.end) return cue;
      words[place.word] = { ...word, end };
      if (touches) words[place.word + 1] = { ...after, start: end };
    }
    const [first, last] = [words[0], words.at(-1)];
    const start = place.word === 0 && first ? first.start : cue.start;
    return { ...cue, start, end: Math.max(cue.end, last?.end ?? 0), words };
  });
}

export function assign(scenario: Scenario, cue: string, speaker: string): Scenario {
  return withCue(scenario, cue, (one) => (one.speaker === speaker ? one : { ...one, speaker }));
}

export function describeSpeaker(scenario: Scenario, id: string, look: Partial<Speaker>): Scenario {
  const speaker = scenario.speakers[id];
  if (!speaker) return scenario;
  return { ...scenario, speakers: { ...scenario.speakers, [id]: { ...speaker, ...look } } };
}

/** Gives a speaker a colour: where a palette is on, in that, with a colour there for each speaker. */
export function recolor(scenario: Scenario, id: string, color: string): Scenario {
  if (!scenario.style.overrides?.palette) return describeSpeaker(scenario, id, { color });
  const shown = [...colorsOf(scenario)].slice(0, MOST_COLORS);
  return override(scenario, { palette: shown.map(([one, before]) => (one === id ? color : before)) });
}

/** Adds a speaker; gives the scenario and the new one's id. */
export function addSpeaker(scenario: Scenario, label: string, colors: readonly string[]): [Scenario, string] {
  let number = Object.keys(scenario.speakers).length + 1;
  while (`s${number}` in scenario.speakers) number += 1;
  const id = `s${number}`;
  const used = new Set(Object.values(scenario.speakers).map((one) => one.color));
  const color = colors.find((one) => !used.has(one)) ?? colors[0] ?? "#f5b14b";
  return [{ ...scenario, speakers: { ...scenario.speakers, [id]: { label, color } } }, id];
}

/** Everything that `from` says is said by `into`. */
export function mergeSpeakers(scenario: Scenario, from: string, into: string): Scenario {
  if (from === into || !(from in scenario.speakers) || !(into in scenario.speakers)) return scenario;
  const speakers = Object.fromEntries(Object.entries(scenario.speakers).filter(([id]) => id !== from));
  const cues = scenario.cues.map((cue) => (cue.speaker === from ? { ...cue, speaker: into } : cue));
  return { ...scenario, speakers, cues };
}

export function setStyle(scenario: Scenario, change: Partial<Scenario["style"]>): Scenario {
  return { ...scenario, style: { ...scenario.style, ...change } };
}

/** Sets what differs from the style; `undefined` is the style's own again. */
export function override(scenario: Scenario, change: { [K in keyof Overrides]?: Overrides[K] | undefined }): Scenario {
  const entries = Object.entries({ ...scenario.style.overrides, ...change }).filter(([, one]) => one != null);
  return setStyle(scenario, { overrides: Object.fromEntries(entries) });
}

/** How a word is compared: without what surrounds it, whatever its case. */
const bare = (text: string) => text.toLowerCase().replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, "");

export function matches(scenario: Scenario, wanted: string): Place[] {
  const looked = bare(wanted);
  if (!looked) return [];
  return scenario.cues.flatMap((cue) =>
    cue.words.flatMap((word, index) => (bare(word.text) === looked ? [{ cue: cue.id, word: index }] : [])),
  );
}

/** Replaces a word wherever it stands; punctuation around it and a capital stay. */
export function replaceAll(scenario: Scenario, wanted: string, by: string): Scenario {
  // from the end, as one word may become several
  return matches(scenario, wanted).toReversed().reduce((whole, place) => {
    const old = whole.cues.find((cue) => cue.id === place.cue)?.words[place.word]?.text ?? "";
    const inner = old.match(/^([^\p{L}\p{N}]*)(.*?)([^\p{L}\p{N}]*)$/su);
    const capital = /^\p{Lu}/u.test(inner?.[2] ?? "") && by ? by[0]?.toUpperCase() + by.slice(1) : by;
    return retype(whole, place, `${inner?.[1] ?? ""}${capital}${inner?.[3] ?? ""}`);
  }, scenario);
}

/** Whether two styles look the same, whatever of their defaults is written out and in what order. */
export function sameStyle(a: Scenario["style"], b: Scenario["style"]): boolean {
  const whole = ({ name, strength = 1, parameters = {}, overrides = {} }: Scenario["style"]) => {
    const set = Object.entries(overrides).filter(([, value]) => value != null);
    return JSON.stringify([name, strength, Object.entries(parameters).toSorted(), set.toSorted()]);
  };
  return whole(a) === whole(b);
}

/** The same document by its contents. */
export function equal(a: Scenario, b: Scenario): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}


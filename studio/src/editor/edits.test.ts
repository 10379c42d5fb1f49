import assert from "node:assert/strict";
import { test } from "node:test";
import { colorsOf, spotAt, spotsOf, type Scenario } from "./document.ts";
import * as edits from "./edits.ts";
import { repair, together } from "./repairs.ts";
import { begin, reduce, STEPS, type History } from "./history.ts";

const word = (text: string, start: number, end: number, loudness = 1) => ({ text, start, end, loudness, pitch: 2 });

function scenario(): Scenario {
  return {
    version: 1,
    style: { name: "intention", strength: 1, parameters: {}, overrides: {} },
    speakers: { s1: { label: "Ada", color: "#f5b14b" }, s2: { label: "Ben", color: "#56b4e9" } },
    cues: [
      { id: "c1", kind: "speech", start: 1, end: 3, speaker: "s1", region: null,
        words: [word("Hello", 1, 1.5, 3), word("world,", 1.5, 2), word("again", 2.4, 2.8)] },
      { id: "c2", kind: "speech", start: 3, end: 4.5, speaker: "s1", region: null,
        words: [word("World", 3, 3.5), word("ends", 3.5, 4)] },
      { id: "c3", kind: "speech", start: 5, end: 6, speaker: "s2", region: null, words: [word("Yes.", 5, 5.5)] },
    ],
  };
}

const texts = (s: Scenario) => s.cues.map((cue) => cue.words.map((one) => one.text).join(" "));

/** What the server demands of times and ids. */
function sound(s: Scenario) {
  let lastStart = 0;
  assert.equal(new Set(s.cues.map((cue) => cue.id)).size, s.cues.length);
  for (const cue of s.cues) {
    assert.ok(cue.start >= lastStart && cue.end >= cue.start);
    lastStart = cue.start;
    assert.ok(cue.words.length > 0);
    let lastEnd = cue.start;
    for (const one of cue.words) {
      assert.ok(one.start >= lastEnd - 1e-3 && one.end >= one.start && one.end <= cue.end + 1e-3);
      lastEnd = one.end;
    }
  }
  return s;
}

test("a retyped word keeps its time and what was measured", () => {
  const next = sound(edits.retype(scenario(), { cue: "c1", word: 0 }, "Howdy"));
  assert.deepEqual(next.cues[0]?.words[0], word("Howdy", 1, 1.5, 3));
});

test("a space splits by letters, an empty text removes, untouched cues stay the same objects", () => {
  const before = scenario();
  const split = sound(edits.retype(before, { cue: "c1", word: 0 }, "He llo!"));
  assert.deepEqual(split.cues[0]?.words.slice(0, 2).map((one) => [one.text, one.start, one.end]), [
    ["He", 1, 1.167],
    ["llo!", 1.167, 1.5],
  ]);
  assert.equal(split.cues[1], before.cues[1]);
  const gone = sound(edits.retype(before, { cue: "c3", word: 0 }, "  "));
  assert.deepEqual(gone.cues.map((cue) => cue.id), ["c1", "c2"]);
});

test("merge joins words, and at a cue's start cues of one speaker only", () => {
  assert.deepEqual(texts(sound(edits.mergeBefore(scenario(), { cue: "c1", word: 1 })))[0], "Helloworld, again");
  assert.deepEqual(texts(sound(edits.mergeBefore(scenario(), { cue: "c2", word: 0 }))), ["Hello world, again World ends", "Yes."]);
  const before = scenario();
  assert.equal(edits.mergeBefore(before, { cue: "c3", word: 0 }), before);
});

test("a cue is cut and joined back", () => {
  const cut = sound(edits.breakBefore(scenario(), { cue: "c1", word: 2 }));
  assert.deepEqual(cut.cues.map((cue) => [cue.id, cue.start, cue.end]).slice(0, 2), [["c1", 1, 2.4], ["c1-2", 2.4, 3]]);
  assert.deepEqual(texts(sound(edits.joinBefore(cut, "c1-2"))), texts(scenario()));
});

test("an edge moves the neighbour it touches and stops at one it does not", () => {
  const touching = sound(edits.moveEdge(scenario(), { cue: "c1", word: 0 }, "end", 1.7));
  assert.deepEqual(touching.cues[0]?.words.slice(0, 2).map((one) => [one.start, one.end]), [[1, 1.7], [1.7, 2]]);
  const stopped = sound(edits.moveEdge(scenario(), { cue: "c1", word: 1 }, "end", 9));
  assert.equal(stopped.cues[0]?.words[1]?.end, 2.4);
  const first = sound(edits.moveEdge(scenario(), { cue: "c2", word: 0 }, "start", 0));
  assert.equal(first.cues[1]?.start, 1);
  const last = sound(edits.moveEdge(scenario(), { cue: "c3", word: 0 }, "end", 7));
  assert.equal(last.cues[2]?.end, 7);
});

test("hidden and emphasised words go back to plain ones", () => {
  const place = { cue: "c1", word: 0 };
  const hidden = edits.restyle(scenario(), place, { hidden: true });
  assert.deepEqual(hidden.cues[0]?.words[0]?.style, { hidden: true });
  assert.deepEqual(edits.restyle(hidden, place, { hidden: null }), scenario());
});

test("speakers are named, added, given cues and merged", () => {
  let s = edits.describeSpeaker(scenario(), "s2", { label: "Bea" });
  let id: string;
  [s, id] = edits.addSpeaker(s, "Cy", ["#f5b14b", "#7bd88f"]);
  assert.deepEqual([id, s.speakers[id]], ["s3", { label: "Cy", color: "#7bd88f" }]);
  s = edits.assign(s, "c1", id);
  assert.equal(s.cues[0]?.speaker, "s3");
  s = edits.mergeSpeakers(s, "s3", "s2");
  assert.deepEqual([Object.keys(s.speakers), s.cues[0]?.speaker], [["s1", "s2"], "s2"]);
});

test("replacing keeps punctuation and capitals, and may make two words of one", () => {
  const s = sound(edits.replaceAll(scenario(), "world", "wide earth"));
  assert.deepEqual(texts(s), ["Hello wide earth, again", "Wide earth ends", "Yes."]);
});

test("a finding's patch is carried out on a copy", () => {
  const before = scenario();
  const after = repair(before, [
    { op: "replace", path: "/cues/1/end", value: 4.9 },
    { op: "add", path: "/style/overrides/box", value: 0.8 },
  ]);
  assert.equal(after.cues[1]?.end, 4.9);
  assert.equal(after.style.overrides?.box, 0.8);
  assert.deepEqual(before, scenario());
});

test("a patch takes cues away and puts whole ones in their place", () => {
  const { cues: [first, second, third] } = scenario();
  const joined = { ...first, end: 4.5, words: [...(first?.words ?? []), ...(second?.words ?? [])] };
  const after = sound(repair(scenario(), [
    { op: "remove", path: "/cues/1" },
    { op: "remove", path: "/cues/0" },
    { op: "add", path: "/cues/0", value: joined },
  ]));
  assert.deepEqual(after.cues, [joined, third]);
  assert.deepEqual(repair(after, [{ op: "remove", path: "/style/strength" }]).style.strength, undefined);
});

test("of all repairs those are made together that do not meet, from the last cue to the first", () => {
  const many = scenario();
  many.cues = Array.from({ length: 30 }, (_, n) => ({ ...scenario().cues[2]!, id: `c${n}` }));
  const finding = (cue: number, path: string) => ({
    code: "gap" as const, severity: "warning" as const, cue_id: `c${cue}`, value: 0, limit: 0, message: "",
    repair: [{ op: "replace", path, value: 1 }],
  });
  const paths = together(many, [
    finding(0, "/style/overrides/box"), finding(3, "/cues/3/end"), finding(5, "/cues/5"),
    finding(25, "/cues/25/end"), finding(28, "/cues/28/end"), finding(28, "/style/overrides/box"),
    finding(29, "/cues/29/region/x"),
  ]).map((patch) => patch[0]?.["path"]);
  assert.deepEqual(paths, ["/cues/29/region/x", "/style/overrides/box", "/cues/28/end", "/cues/5"]);
});

test("undo and redo walk 500 steps, a drag is one", () => {
  let state: History = begin(scenario());
  for (let n = 0; n < STEPS + 20; n += 1)
    state = reduce(state, { do: "edit", change: (s) => edits.retype(s, { cue: "c1", word: 0 }, `w${n}`) });
  for (let n = 0; n < 5; n += 1)
    state = reduce(state, { do: "edit", group: "size", change: (s) => edits.override(s, { size: 1 + n / 10 }) });
  assert.equal(state.past.length, STEPS);
  state = reduce(state, { do: "undo" });
  assert.equal(state.present.style.overrides?.size, undefined);
  for (let n = 0; n < STEPS; n += 1) state = reduce(state, { do: "undo" });
  assert.equal(state.present.cues[0]?.words[0]?.text, "w20");
  for (let n = 0; n < STEPS + 9; n += 1) state = reduce(state, { do: "redo" });
  assert.equal(state.present.style.overrides?.size, 1.4);
});

test("an edit that changes nothing is no step, and selection stays on what there is", () => {
  let state = reduce(begin(scenario()), { do: "select", place: { cue: "c1", word: 2 }, editing: true });
  state = reduce(state, { do: "edit", change: (s) => edits.retype(s, { cue: "c1", word: 2 }, "again") });
  assert.deepEqual([state.past.length, state.editing], [0, false]);
  state = reduce(state, { do: "edit", change: (s) => edits.removeWord(s, { cue: "c1", word: 2 }) });
  assert.deepEqual(state.selected, { cue: "c1", word: 1 });
});

test("the word at a time is found", () => {
  const spots = spotsOf(scenario());
  assert.deepEqual([0.5, 1, 1.49, 2.2, 99].map((t) => spotAt(spots, t)), [-1, 0, 0, 1, 5]);
});

test("a speaker's colour is set where it is shown from", () => {
  const before = scenario();
  assert.equal(edits.recolor(before, "s2", "#ffffff").speakers["s2"]?.color, "#ffffff");
  const dressed = edits.override(before, { palette: ["#111111"] });
  const after = edits.recolor(dressed, "s2", "#ffffff");
  assert.deepEqual(after.style.overrides?.palette, ["#111111", "#ffffff"]);
  assert.equal(after.speakers, before.speakers);
  assert.deepEqual([...colorsOf(after)], [["s1", "#111111"], ["s2", "#ffffff"]]);
  assert.deepEqual([...colorsOf(before).values()], ["#f5b14b", "#56b4e9"]);
});

test("a look is the same however much of its defaults is written out", () => {
  assert.ok(edits.sameStyle({ name: "pop" }, { name: "pop", strength: 1, parameters: {}, overrides: {} }));
  assert.ok(edits.sameStyle(
    { name: "pop", overrides: { size: 1.2, box: 0.5 } },
    { name: "pop", overrides: { box: 0.5, size: 1.2, font: null } },
  ));
  assert.ok(!edits.sameStyle({ name: "pop", strength: 0.9 }, { name: "pop" }));
  assert.ok(!edits.sameStyle({ name: "pop", parameters: { x: 1 } }, { name: "pop" }));
});

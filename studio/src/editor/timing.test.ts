import assert from "node:assert/strict";
import { test } from "node:test";
import type { Scenario } from "./document.ts";
import * as edits from "./edits.ts";
import { begin, reduce, type History } from "./history.ts";
import { timed, windowOf } from "./timing.ts";

const word = (text: string, start: number, end: number) => ({ text, start, end, loudness: 1, pitch: 2 });

function opened(): History {
  const cue = (id: string, start: number, words: ReturnType<typeof word>[]) =>
    ({ id, kind: "speech" as const, start, end: start + 3, speaker: "s1", region: null, words });
  return begin({
    version: 1,
    style: { name: "intention", strength: 1, parameters: {}, overrides: {} },
    speakers: { s1: { label: "Ada", color: "#f5b14b" } },
    cues: [
      cue("c1", 1, [word("one", 1, 1.5), word("twothree", 1.5, 2.5), word("four", 2.5, 3), word("five", 3, 3.5)]),
      cue("c2", 5, [word("six", 5, 5.5), word("seven", 5.5, 6)]),
    ],
  });
}

const worded = (state: History, change: (s: Scenario) => Scenario) => reduce(state, { do: "edit", worded: true, change });
const runs = (state: History) => state.untimed.map((run) => run.words.map((one) => one.text).join(" "));
const measured = (...words: [string, number, number][]) =>
  words.map(([text, start, end]) => ({ text, start, end, loudness: 4, pitch: null, timing: "aligned" }));

test("new words and their neighbours are to be timed; a word retyped or taken away is not", () => {
  const split = worded(opened(), (s) => edits.retype(s, { cue: "c1", word: 1 }, "two three"));
  assert.deepEqual(runs(split), ["one two three four"]);
  assert.deepEqual(split.untimed.map(windowOf), [[1, 3]]);
  assert.deepEqual(runs(worded(opened(), (s) => edits.retype(s, { cue: "c1", word: 1 }, "twenty"))), []);
  assert.deepEqual(runs(worded(opened(), (s) => edits.retype(s, { cue: "c1", word: 1 }, ""))), []);
  assert.deepEqual(runs(worded(opened(), (s) => edits.joinBefore(s, "c2"))), []);
  assert.deepEqual(runs(worded(opened(), (s) => edits.mergeBefore(s, { cue: "c2", word: 1 }))), ["sixseven"]);
});

test("what waits in a cue is asked for together with what is edited there next", () => {
  let state = worded(opened(), (s) => edits.retype(s, { cue: "c1", word: 1 }, "two three"));
  state = worded(state, (s) => edits.mergeBefore(s, { cue: "c2", word: 1 }));
  state = worded(state, (s) => edits.retype(s, { cue: "c1", word: 3 }, "for"));
  assert.deepEqual(runs(state), ["one two three for five", "sixseven"]);
});

test("the sound's answer is one step that can be undone, and editing goes on over it", () => {
  let state = worded(opened(), (s) => edits.retype(s, { cue: "c1", word: 1 }, "two three"));
  state = reduce(state, { do: "select", place: { cue: "c2", word: 0 }, editing: true });
  const [run] = state.untimed;
  assert.ok(run);
  const answer = measured(["one", 1, 1.4], ["two", 1.4, 2], ["three", 2, 2.6], ["four", 2.6, 3]);
  state = reduce(state, { do: "time", run, change: (s) => timed(s, run, answer) });
  assert.deepEqual(state.present.cues[0]?.words[2], { text: "three", start: 2, end: 2.6, loudness: 4, pitch: 2 });
  assert.deepEqual([state.untimed, state.editing, state.selected], [[], true, { cue: "c2", word: 0 }]);
  state = reduce(state, { do: "undo" });
  assert.deepEqual(state.present.cues[0]?.words.map((one) => one.text), ["one", "two", "three", "four", "five"]);
  assert.equal(state.present.cues[0]?.words[2]?.end, 2.5);
  assert.deepEqual(reduce(state, { do: "undo" }).present, opened().present);
});

test("an answer that comes too late changes nothing", () => {
  const split = worded(opened(), (s) => edits.retype(s, { cue: "c1", word: 1 }, "two three"));
  const [run] = split.untimed;
  assert.ok(run);
  const answer = measured(["one", 1, 1.4], ["two", 1.4, 2], ["three", 2, 2.6], ["four", 2.6, 3]);
  const late = (state: History) => reduce(state, { do: "time", run, change: (s) => timed(s, run, answer) });
  for (const change of [
    (s: Scenario) => edits.retype(s, { cue: "c1", word: 2 }, "tree"),
    (s: Scenario) => edits.moveEdge(s, { cue: "c1", word: 1 }, "end", 1.9),
    (s: Scenario) => ({ ...s, cues: s.cues.slice(1) }),
  ]) {
    const state = reduce(split, { do: "edit", change });
    assert.equal(late(state).present, state.present);
  }
  const undone = reduce(split, { do: "undo" });
  assert.deepEqual(undone.untimed, []);
  assert.equal(late(undone).future.length, 1);
});

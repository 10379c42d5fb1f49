import assert from "node:assert/strict";
import { test } from "node:test";
import { en } from "../text/en.ts";
import { ko } from "../text/ko.ts";
import { missing } from "./missing.ts";

const SAID = [
  'Its font "Blocks" lacks o é; these are drawn in a bundled one.',
  'Its font "Blocks" is not there; the style\'s own is taken instead.',
  'Its font "Blocks" cannot be drawn; the style\'s own is taken instead.',
  "transparency is dropped",
  "only the first of 2 moving pictures is kept",
  "audio track 3 (opus, ko) is dropped",
  "captions track 4 (dvb_subtitle) is dropped",
  "attachment track 5 (ttf) is dropped",
  "cover track 6 (webp) is dropped",
  "that it is a 360-degree picture is not carried over",
  "which eye sees what is not carried over",
  "the light of each scene (HDR10+) is not carried over",
  "Dolby Vision's own layer is not carried over",
];

test("what an export lacks is said in sentences, but for tracks of data", () => {
  assert.deepEqual(missing(["data tracks are dropped", "transparency is dropped"], en), ["Transparency is dropped."]);
  assert.deepEqual(missing([SAID[0]!], en), [SAID[0]]);
});

test("all that the server says of it has Korean words, with what it names", () => {
  const told = missing(SAID, ko);
  for (const [at, sentence] of told.entries()) assert.match(sentence, /[가-힣]/, SAID[at]);
  assert.match(told[0]!, /Blocks.*: o é$/);
  assert.match(told[4]!, /2개/);
  assert.match(told[5]!, /3번\(opus, ko\)/);
  assert.equal(new Set(told).size, SAID.length);
});

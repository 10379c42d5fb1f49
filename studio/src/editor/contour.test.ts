import assert from "node:assert/strict";
import { test } from "node:test";
import { contourOf } from "./contour.ts";

function bytes(f0: number[], level: number[]): ArrayBuffer {
  const data = new ArrayBuffer(16 + 4 * f0.length);
  const view = new DataView(data);
  [..."ECGC"].forEach((letter, at) => view.setUint8(at, letter.charCodeAt(0)));
  view.setUint16(4, 1, true);
  view.setUint16(6, 10, true);
  view.setUint32(8, f0.length, true);
  f0.forEach((one, at) => view.setUint16(16 + 2 * at, one, true));
  level.forEach((one, at) => view.setInt16(16 + 2 * f0.length + 2 * at, one, true));
  return data;
}

test("a contour is read as amplitudes and semitones from the median", () => {
  const read = contourOf(bytes([0, 1000, 2000, 1000], [-12000, -2000, -3000, -4000]));
  assert.ok(read);
  assert.equal(read.loudness.perSecond, 100);
  assert.deepEqual([...read.loudness.values].map((one) => Math.round(one * 1000)), [0, 1000, 316, 100]);
  assert.deepEqual([...read.pitch], [NaN, 0, 12, 0]);
  assert.equal(read.reach, 12);
});

test("what is no contour, or ends too early, is none; silence is one without pitch", () => {
  assert.equal(contourOf(new ArrayBuffer(8)), null);
  assert.equal(contourOf(new ArrayBuffer(32)), null);
  assert.equal(contourOf(bytes([0, 0], [0, 0]).slice(0, 20)), null);
  assert.deepEqual([...(contourOf(bytes([0, 0], [-12000, -12000]))?.pitch ?? [])], [NaN, NaN]);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesOf, missing, partCount, videoType } from "./parts.ts";

test("parts cover a file once", () => {
  const plan = { size: 25, partSize: 10 };
  assert.equal(partCount(plan), 3);
  assert.deepEqual([1, 2, 3].map((n) => bytesOf(plan, n)), [[0, 10], [10, 20], [20, 25]]);
});

test("a part that is there in half is sent again", () => {
  const done = [{ number: 1, size: 10 }, { number: 3, size: 4 }];
  assert.deepEqual(missing({ size: 25, partSize: 10 }, done), [2, 3]);
});

test("a file is told by its type, else by its ending", () => {
  assert.equal(videoType("a.mkv", ""), "video/x-matroska");
  assert.equal(videoType("a.mp4", "video/mp4"), "video/mp4");
  assert.equal(videoType("a.mp3", "audio/mpeg"), null);
  assert.equal(videoType("notes", ""), null);
});

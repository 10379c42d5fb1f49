import assert from "node:assert/strict";
import { test } from "node:test";
import { lacking } from "./glyphs.ts";

test("what a font has no letters of is named once each", () => {
  const latin = ["U+0-FF, U+131, U+152-153", "U+2000-206F"];
  assert.deepEqual(lacking(latin, "Œuvre, naïve — “ok”"), []);
  assert.deepEqual(lacking(latin, "안녕, 안녕 Ada"), ["안", "녕"]);
  assert.deepEqual(lacking(latin, "Łódź"), ["Ł", "ź"]);
  assert.deepEqual(lacking(latin, "😀 ❤️ e\u0301"), [], "emoji and marks are others' to draw");
  assert.deepEqual(lacking(["U+0-10FFFF"], "안녕 日本"), []);
});

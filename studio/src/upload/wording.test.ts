import assert from "node:assert/strict";
import { test } from "node:test";
import { asked, faultOf, termsOf } from "./wording.ts";

test("terms are lines, and what is no term is named before it is sent", () => {
  const terms = termsOf(" Kubernetes \n\ncooper netties -> Kubernetes\r\n");
  assert.deepEqual(terms, ["Kubernetes", "cooper netties -> Kubernetes"]);
  assert.equal(faultOf(terms), null);
  assert.deepEqual(faultOf(["a -> b -> c"]), { is: "odd", term: "a -> b -> c" });
  assert.deepEqual(faultOf(["-> b"]), { is: "odd", term: "-> b" });
  assert.deepEqual(faultOf(["y".repeat(101)]), { is: "long", term: "y".repeat(101) });
  assert.deepEqual(faultOf(Array.from({ length: 501 }, () => "y")), { is: "many", count: 501 });
});

test("what is empty is not said", () => {
  assert.deepEqual(asked({ script: " \n", terms: [] }), {});
  assert.deepEqual(asked({ script: "Ask not", terms: ["JFK"] }), { script: "Ask not", terms: ["JFK"] });
});

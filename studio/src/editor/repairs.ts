/** Repairs as findings bring them: JSON Patches (RFC 6902) of `add`, `remove` and `replace`. Pure. */
import type { Finding } from "../api/client.ts";
import type { Scenario } from "./document.ts";

type Patch = NonNullable<Finding["repair"]>;

/** Cues that must lie between two repairs that move cues, as each was looked at with what is around it. */
const APART = 10;

/** Carries a patch out on a copy. */
export function repair(scenario: Scenario, patch: Patch): Scenario {
  const whole = structuredClone(scenario) as unknown;
  for (const { op, path, value } of patch) {
    const steps = String(path).split("/").slice(1).map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
    const last = steps.pop() ?? "";
    let node = whole as Record<string, unknown>;
    for (const step of steps) node = (node[step] ??= {}) as Record<string, unknown>;
    const made = structuredClone(value);
    if (Array.isArray(node) && op === "remove") node.splice(Number(last), 1);
    else if (Array.isArray(node) && op === "add") node.splice(last === "-" ? node.length : Number(last), 0, made);
    else if (op === "remove") delete node[last];
    else node[last] = made;
  }
  return whole as Scenario;
}

/**
 * Those of the repairs that can be made one after the other, as none moves what another one names:
 * from the last cue to the first, each place once.
 */
export function together(scenario: Scenario, findings: readonly Finding[]): Patch[] {
  const order = new Map(scenario.cues.map((cue, index) => [cue.id, index]));
  const made = new Set<string>();
  let before = Infinity;
  return findings.toReversed().flatMap(({ repair: patch, cue_id: cue }) => {
    const path = String(patch?.[0]?.["path"] ?? "");
    if (!patch || !path) return [];
    if (!/^\/cues\/\d+(\/[^/]+)?$/.test(path)) {
      if (made.has(path)) return [];
      made.add(path);
      return [patch];
    }
    const at = order.get(cue) ?? Infinity;
    if (at > before - APART) return [];
    before = at;
    return [patch];
  });
}

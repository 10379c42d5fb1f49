/** What a person brings to be heard by: the exact script, and names as they are written. Pure. */

export interface Wording {
  script: string;
  terms: readonly string[];
}

export const NO_WORDING: Wording = { script: "", terms: [] };

/** The server's own limits, in characters and lines. */
export const MOST_SCRIPT = 500_000;
export const MOST_TERMS = 500;
export const LONGEST_TERM = 100;

export const has = (wording: Wording) => wording.script.trim() !== "" || wording.terms.length > 0;

/** What a request says of it; what is empty is not said. */
export function asked({ script, terms }: Wording): { script?: string; terms?: string[] } {
  return { ...(script.trim() ? { script } : {}), ...(terms.length ? { terms: [...terms] } : {}) };
}

/** A term a line, without the empty ones. */
export function termsOf(text: string): string[] {
  return text.split("\n").map((line) => line.trim()).filter(Boolean);
}

export type TermFault = { is: "many"; count: number } | { is: "long" | "odd"; term: string };

/** Why the server would not take the terms; null where it does. */
export function faultOf(terms: readonly string[]): TermFault | null {
  if (terms.length > MOST_TERMS) return { is: "many", count: terms.length };
  for (const term of terms) {
    if ([...term].length > LONGEST_TERM) return { is: "long", term };
    const sides = term.split(/->|→/);
    if (sides.length > 2 || !sides.every((side) => /[\p{L}\p{N}]/u.test(side))) return { is: "odd", term };
  }
  return null;
}

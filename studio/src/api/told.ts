import type { Text } from "../text/index.tsx";
import { Refused, saying, Unreachable } from "./client.ts";

/** What a refusal says: in the person's words where it is a known one, else in the server's. */
export function told(problem: { code: string; detail: string }, text: Text): string {
  const { known, codes } = text.errors;
  const found = known.find(([part]) => problem.detail.includes(part));
  return found?.[1] ?? codes[problem.code] ?? sentence(problem.detail);
}

/** Why something could not be done. */
export function failing(error: unknown, text: Text): string {
  if (error instanceof Unreachable) return text.errors.offline;
  return error instanceof Refused ? told(error.problem, text) : saying(error);
}

/** What an export has not, one sentence each. Tracks of data are left out: telephones write one into each film. */
export function missing(notes: readonly string[], text: Text): string[] {
  return notes.filter((note) => note !== "data tracks are dropped").map((note) => {
    for (const [pattern, say] of text.export.notes) {
      const found = pattern.exec(note);
      if (found) return say(...found.slice(1));
    }
    return sentence(note);
  });
}

function sentence(detail: string): string {
  const said = detail.replace(/^the video: /, "the video ");
  return `${said.charAt(0).toUpperCase()}${said.slice(1)}${/[.!?]$/.test(said) ? "" : "."}`;
}

import type { Text } from "../text/index.tsx";
import { Refused, saying, Unreachable } from "./client.ts";
import { sentence } from "./missing.ts";

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

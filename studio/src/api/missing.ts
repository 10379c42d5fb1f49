/** What the server says, as a person reads it. Pure. */
import type { Text } from "../text/index.tsx";

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

export function sentence(detail: string): string {
  const said = detail.replace(/^the video: /, "the video ");
  return `${said.charAt(0).toUpperCase()}${said.slice(1)}${/[.!?]$/.test(said) ? "" : "."}`;
}

/** Bringing a font: what can be told of a file before it is sent, and the sending. */
import { api, body, type FontFamily } from "../api/client.ts";
import { putObject } from "../upload/putObject.ts";

/** Bytes of a font file, as the server has it. */
export const LARGEST = 25_000_000;

/** The family that a picked file is shown in before it is sent. */
export const PICKED = "picked font";

export const KINDS = ".ttf,.otf,.woff2";

/** Why a file cannot be used; nothing where it may be one. */
export type Fault = "kind" | "large" | "damaged" | null;

/** Of a picked file: its fault, or the face by which the page shows what it looks like. */
export async function look(file: File): Promise<{ fault: Fault; face: FontFace | null }> {
  if (!/\.(ttf|otf|woff2)$/i.test(file.name) || file.size === 0) return { fault: "kind", face: null };
  if (file.size > LARGEST) return { fault: "large", face: null };
  const face = new FontFace(PICKED, await file.arrayBuffer());
  try {
    await face.load();
  } catch {
    return { fault: "damaged", face: null };
  }
  return { fault: null, face };
}

/** Sends a font straight to the store and has it read; gives its family. Throws `Refused`, `Unreachable`. */
export async function bring(file: File, onSent: (part: number) => void): Promise<FontFamily> {
  const begun = await body(
    api.POST("/api/v1/fonts", { body: { filename: file.name, size: file.size, licensed: true } }),
  );
  const params = { path: { font_id: begun.id } };
  try {
    await putObject(begun.url, begun.headers, file, new AbortController().signal, (sent) => onSent(sent / file.size));
  } catch (error) {
    void api.DELETE("/api/v1/fonts/{font_id}", { params }).catch(() => null); // else it counts for an hour
    throw error;
  }
  return body(api.POST("/api/v1/fonts/{font_id}/complete", { params }));
}

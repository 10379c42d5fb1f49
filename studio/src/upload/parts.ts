/** The plan of an upload, pure: which bytes are which part, and what is still to be sent. */

export interface Plan {
  size: number;
  partSize: number;
}

export const partCount = ({ size, partSize }: Plan) => Math.max(1, Math.ceil(size / partSize));

/** First byte and the one after the last of part `number`, counted from 1. */
export function bytesOf({ size, partSize }: Plan, number: number): [number, number] {
  return [(number - 1) * partSize, Math.min(size, number * partSize)];
}

/** Numbers of the parts that the store does not hold whole. */
export function missing(plan: Plan, done: readonly { number: number; size: number }[]): number[] {
  const held = new Map(done.map((part) => [part.number, part.size]));
  return Array.from({ length: partCount(plan) }, (_, index) => index + 1).filter((number) => {
    const [from, to] = bytesOf(plan, number);
    return held.get(number) !== to - from;
  });
}

const BY_ENDING: Record<string, string> = {
  mp4: "video/mp4",
  m4v: "video/x-m4v",
  mov: "video/quicktime",
  webm: "video/webm",
  mkv: "video/x-matroska",
  avi: "video/x-msvideo",
  mpg: "video/mpeg",
  mpeg: "video/mpeg",
  ts: "video/mp2t",
};

/** The media type to send a file as; null where it is no video by all that can be told now. */
export function videoType(name: string, told: string): string | null {
  if (/^video\/[A-Za-z0-9.+-]+$/.test(told)) return told;
  const ending = name.toLowerCase().split(".").at(-1) ?? "";
  return told === "" || told === "application/octet-stream" ? (BY_ENDING[ending] ?? null) : null;
}

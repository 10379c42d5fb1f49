/** Pitch and loudness as they were measured, every 10 ms: the numbers of `GET …/contour`. */
import type { Peaks } from "./waveform.ts";

export interface Contour {
  /** of each frame, 0 to 1: the level as an amplitude, 1 the loudest */
  loudness: Peaks;
  /** of each frame, in semitones from the film's median; NaN where nothing is voiced */
  pitch: Float32Array;
  /** how far up and down the picture of the pitch reaches, in semitones */
  reach: number;
}

const HEAD = 16;
const LEAST_REACH = 6;
/** Part of the voiced frames whose pitch the picture shows whole; the others are at its edge. */
const SHOWN = 0.97;

/** Null where the film has none, as it was heard before contours were kept. Throws where there is no answer. */
export async function readContour(address: string, signal: AbortSignal): Promise<Contour | null> {
  const answer = await fetch(address, { signal });
  if (answer.status === 404) return null;
  if (!answer.ok) throw new Error(`the contour answered ${answer.status}`);
  return contourOf(await answer.arrayBuffer());
}

/** Null where the bytes are no contour of version 1. */
export function contourOf(data: ArrayBuffer): Contour | null {
  if (data.byteLength < HEAD) return null;
  const head = new DataView(data);
  const count = head.getUint32(8, true);
  const [magic, version, milliseconds] = [head.getUint32(0), head.getUint16(4, true), head.getUint16(6, true)];
  if (magic !== 0x45434743 || version !== 1 || !milliseconds || data.byteLength < HEAD + 4 * count) return null;
  const tenths = new Uint16Array(data, HEAD, count);
  const levels = new Int16Array(data, HEAD + 2 * count, count);
  const perSecond = 1000 / milliseconds;
  return { loudness: { values: amplitudes(levels), perSecond }, ...pitches(tenths) };
}

function amplitudes(levels: Int16Array): Float32Array {
  const loudest = levels.reduce((most, level) => Math.max(most, level), -12_000);
  return Float32Array.from(levels, (level) => 10 ** ((level - loudest) / 2000));
}

function pitches(tenths: Uint16Array): Pick<Contour, "pitch" | "reach"> {
  const voiced = tenths.filter((one) => one > 0).toSorted();
  const median = voiced[voiced.length >> 1] ?? 0;
  const pitch = Float32Array.from(tenths, (one) => (one ? 12 * Math.log2(one / median) : NaN));
  const away = pitch.filter((one) => !Number.isNaN(one)).map(Math.abs).toSorted();
  return { pitch, reach: Math.max(LEAST_REACH, away[Math.floor(away.length * SHOWN)] ?? 0) };
}

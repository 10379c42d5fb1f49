/** The sound's outline, read in the browser from the film itself. */

export interface Peaks {
  /** the largest amplitude, 0 to 1, of each `1 / perSecond` seconds */
  values: Float32Array;
  perSecond: number;
}

const PER_SECOND = 100;
/** Bytes of a film that are read whole for its sound, and seconds of sound held at once. */
const MOST_BYTES = 300e6;
const MOST_SECONDS = 30 * 60;

/** Null where the film is too large to be read whole. Throws where its sound cannot be read. */
export async function readPeaks(address: string, size: number, duration: number, signal: AbortSignal): Promise<Peaks | null> {
  if (size > MOST_BYTES || duration > MOST_SECONDS) return null;
  const answer = await fetch(address, { signal });
  if (!answer.ok) throw new Error(`the film answered ${answer.status}`);
  const data = await answer.arrayBuffer();
  // 8 kHz is enough for an outline and a sixth of the memory
  const context = new OfflineAudioContext(1, 1, 8000);
  return peaksOf(await context.decodeAudioData(data));
}

function peaksOf(sound: AudioBuffer): Peaks {
  const samples = sound.getChannelData(0);
  const step = sound.sampleRate / PER_SECOND;
  const values = new Float32Array(Math.ceil(samples.length / step));
  let loudest = 1e-4;
  for (let index = 0; index < values.length; index += 1) {
    let most = 0;
    const end = Math.min(samples.length, Math.floor((index + 1) * step));
    for (let at = Math.floor(index * step); at < end; at += 1) most = Math.max(most, Math.abs(samples[at] ?? 0));
    values[index] = most;
    loudest = Math.max(loudest, most);
  }
  for (let index = 0; index < values.length; index += 1) values[index] = (values[index] ?? 0) / loudest;
  return { values, perSecond: PER_SECOND };
}

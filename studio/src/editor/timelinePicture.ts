import type { Contour } from "./contour.ts";
import type { Cue } from "./document.ts";
import type { Peaks } from "./waveform.ts";

interface Scene {
  /** px per second */
  scale: number;
  left: number;
  width: number;
  now: number;
  /** the sound's outline: as it was measured, else as the browser reads it */
  peaks: Peaks | null;
  contour: Contour | null;
  cues: readonly Cue[];
}

const BAR = 3;
const MOST_PITCH = 8; // semitones that the picture of words reaches up and down
const PITCH_LINE = 0.76; // where the median pitch is, of the height
const PITCH_REACH = 0.19;
/** Semitones within 10 ms that no voice moves: there a new line begins. */
const LEAP = 3;

/** Draws the visible part, in the canvas's own colours (text: what is past, border: what is to come, outline: pitch): the sound's outline, and the pitch as it was measured, else one level a word. */
export function paint(canvas: HTMLCanvasElement, scene: Scene) {
  const ratio = devicePixelRatio || 1;
  const height = canvas.clientHeight;
  const [w, h] = [Math.round(scene.width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w) canvas.width = w;
  if (canvas.height !== h) canvas.height = h;
  const pen = canvas.getContext("2d");
  if (!pen) return;
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, scene.width, height);
  const look = getComputedStyle(canvas);
  sound(pen, scene, height, look.color, look.borderColor);
  pen.strokeStyle = look.outlineColor;
  pen.lineWidth = 2;
  pen.lineCap = pen.lineJoin = "round";
  if (scene.contour) pitchCurve(pen, scene, scene.contour, height);
  else wordPitches(pen, scene, height);
}

function pitchCurve(pen: CanvasRenderingContext2D, scene: Scene, { pitch, reach, loudness }: Contour, height: number) {
  const perFrame = scene.scale / loudness.perSecond;
  const last = Math.min(pitch.length, Math.ceil((scene.left + scene.width) / perFrame) + 1);
  let before = NaN;
  pen.beginPath();
  for (let at = Math.max(0, Math.floor(scene.left / perFrame)); at < last; at += 1) {
    const now = pitch[at] ?? NaN;
    if (!Number.isNaN(now)) {
      const x = (at + 0.5) * perFrame - scene.left;
      const y = height * (PITCH_LINE - Math.max(-1, Math.min(1, now / reach)) * PITCH_REACH);
      if (Math.abs(now - before) <= LEAP) pen.lineTo(x, y);
      else pen.moveTo(x, y);
    }
    before = now;
  }
  pen.stroke();
}

function sound(pen: CanvasRenderingContext2D, scene: Scene, height: number, past: string, ahead: string) {
  if (!scene.peaks) return;
  const middle = height * 0.46;
  const most = height * 0.44;
  const { values, perSecond } = scene.peaks;
  const first = Math.max(0, Math.floor(scene.left / BAR));
  for (let bar = first; bar * BAR < scene.left + scene.width; bar += 1) {
    const [from, to] = [(bar * BAR) / scene.scale, ((bar + 1) * BAR) / scene.scale];
    let peak = 0;
    for (let at = Math.floor(from * perSecond); at <= to * perSecond; at += 1) peak = Math.max(peak, values[at] ?? 0);
    const tall = Math.max(1, peak ** 0.8 * most);
    pen.fillStyle = from <= scene.now ? past : ahead;
    pen.beginPath();
    pen.roundRect(bar * BAR - scene.left, middle - tall, 1.6, tall * 2, 0.8);
    pen.fill();
  }
}

function wordPitches(pen: CanvasRenderingContext2D, scene: Scene, height: number) {
  for (const cue of scene.cues) {
    const end = cue.words.at(-1)?.end ?? cue.end;
    if (end * scene.scale < scene.left || cue.start * scene.scale > scene.left + scene.width) continue;
    for (const word of cue.words) {
      if (word.pitch == null) continue;
      const level = Math.max(-1, Math.min(1, word.pitch / MOST_PITCH));
      const y = height * (0.82 - level * 0.15);
      pen.beginPath();
      pen.moveTo(word.start * scene.scale - scene.left + 2, y);
      pen.lineTo(Math.max(word.start * scene.scale + 4, word.end * scene.scale - 4) - scene.left, y);
      pen.stroke();
    }
  }
}

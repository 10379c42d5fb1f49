import type { Cue } from "./document.ts";
import type { Peaks } from "./waveform.ts";

interface Scene {
  /** px per second */
  scale: number;
  left: number;
  width: number;
  now: number;
  peaks: Peaks | null;
  cues: readonly Cue[];
}

const BAR = 3;
const MOST_PITCH = 8; // semitones that the picture reaches up and down

/** Draws the visible part: the sound's outline, and each word's pitch as it was measured. */
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
  const color = (name: string) => look.getPropertyValue(name).trim();
  sound(pen, scene, height, look.color, look.borderColor);
  pitches(pen, scene, height, color("--cool"));
}

function sound(pen: CanvasRenderingContext2D, scene: Scene, height: number, past: string, ahead: string) {
  if (!scene.peaks) return;
  const middle = height * 0.46;
  const most = height * 0.44;
  const { values, perSecond } = scene.peaks;
  const first = Math.floor(scene.left / BAR);
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

function pitches(pen: CanvasRenderingContext2D, scene: Scene, height: number, color: string) {
  pen.strokeStyle = color;
  pen.lineWidth = 2;
  pen.lineCap = "round";
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

import { useMemo, useState, type CSSProperties } from "react";
import type { Scenario } from "../editor/document.ts";

const BARS = 110;
const TALL = 64;
const QUIETEST = -14; // dB

/** The sound of a scenario as it might have been, lit up to where a `MiniStage` of the same loop is. */
export function VoiceLine({ scenario, seconds, still }: { scenario: Scenario; seconds: number; still: number }) {
  const [begun] = useState(() => (performance.now() / 1000) % seconds);
  const bars = useMemo(() => heights(scenario, seconds), [scenario, seconds]);
  const drawn = bars.map((tall, index) => (
    <rect key={index} x={index * 4} y={(TALL - tall) / 2} width={2} height={tall} rx={1} />
  ));
  const lit = { "--seconds": `${seconds}s`, "--begun": `${-begun}s`, "--still": `${(1 - still / seconds) * 100}%` };
  return (
    <svg className="voice-line" viewBox={`0 0 ${BARS * 4 - 2} ${TALL}`} aria-hidden="true">
      <g>{drawn}</g>
      <g className="voice-lit" style={lit as CSSProperties}>{drawn}</g>
    </svg>
  );
}

function heights(scenario: Scenario, seconds: number): number[] {
  const words = scenario.cues.flatMap((cue) => cue.words);
  return Array.from({ length: BARS }, (_, index) => {
    const at = ((index + 0.5) / BARS) * seconds;
    const word = words.find((one) => one.start <= at && at < one.end);
    if (!word) return 2;
    const loud = Math.max(0.12, ((word.loudness ?? 0) - QUIETEST) / (12 - QUIETEST));
    const within = Math.sin(Math.PI * ((at - word.start) / (word.end - word.start))) ** 0.5;
    const uneven = 0.62 + 0.38 * Math.abs(Math.sin(index * 2.7));
    return Math.max(3, TALL * loud * within * uneven);
  });
}

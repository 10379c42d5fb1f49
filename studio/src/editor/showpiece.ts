import type { Cue, Scenario, Word } from "./document.ts";

/** A few words as a voice would say them, for where there is no video yet. */
export function showpiece(): { scenario: Scenario; seconds: number } {
  const lines: [string, number, number][][] = [
    [["Captions", 0.3, 0], ["that", -6, -2], ["look", 2, 2], ["the", -8, -3], ["way", -1, 0]],
    [["the", -6, -2], ["speech", 9, 3], ["sounds.", 4, -2]],
    [["Softer", -10, -3], ["when", -8, -2], ["you", -9, -1], ["whisper,", -11, -4]],
    [["LOUD", 11, 4], ["when", -2, 1], ["you", 0, 1], ["mean", 7, 3], ["it.", 4, -1]],
  ];
  let at = 0.3;
  const cues = lines.map((line, index): Cue => {
    const words = line.map(([text, loudness, pitch]): Word => {
      const start = at;
      at += 0.16 + text.length * 0.045 + Math.max(0, loudness) * 0.012;
      return { text, start, end: at - 0.04, loudness, pitch };
    });
    at += 0.7;
    const start = words[0]?.start ?? 0;
    return { id: `c${index}`, kind: "speech", start, end: at - 0.1, speaker: "s", region: null, words };
  });
  const speakers = { s: { label: "", color: "#f5b14b" } };
  const style = { name: "intention", overrides: { size: 1.7, box: 0.5, position: "middle" as const } };
  return { scenario: { version: 1, style, speakers, cues }, seconds: at };
}

import type { Language } from "../text/index.tsx";
import type { Cue, Scenario, Word } from "./document.ts";

/** Words, each with its loudness (dB) and pitch (semitones), by lines. */
const LINES: Record<Language, [string, number, number][][]> = {
  en: [
    [["Captions", 0.3, 0], ["that", -6, -2], ["look", 2, 2], ["the", -8, -3], ["way", -1, 0]],
    [["the", -6, -2], ["speech", 9, 3], ["sounds.", 4, -2]],
    [["Softer", -10, -3], ["when", -8, -2], ["you", -9, -1], ["whisper,", -11, -4]],
    [["LOUD", 11, 4], ["when", -2, 1], ["you", 0, 1], ["mean", 7, 3], ["it.", 4, -1]],
  ],
  ko: [
    [["목소리가", 2, 1], ["그대로", 7, 3]],
    [["보이는", -1, 0], ["자막.", 5, -2]],
    [["속삭이면", -10, -3], ["작게,", -11, -4]],
    [["외치면", 7, 2], ["크게!", 11, 4]],
  ],
};

/** A few words as a voice would say them, for where there is no video yet. */
export function showpiece(language: Language): { scenario: Scenario; seconds: number } {
  const lines = LINES[language];
  const letter = language === "ko" ? 0.14 : 0.045;
  let at = 0.3;
  const cues = lines.map((line, index): Cue => {
    const words = line.map(([text, loudness, pitch]): Word => {
      const start = at;
      at += 0.16 + text.length * letter + Math.max(0, loudness) * 0.012;
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

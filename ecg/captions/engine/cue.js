/**
 * A cue as elements: .cue[data-kind][data-speaker] > .word > .ink, with what was measured as
 * custom properties. Text enters by textContent, and as data-text for CSS to set it once more.
 *
 * @typedef {import("./scenario.js").PreparedCue} PreparedCue
 * @typedef {import("./scenario.js").PreparedWord} PreparedWord
 */
import { directionOf } from "./script.js";

/**
 * @param {PreparedCue} cue
 * @param {number} strength 0 plain .. 1 full
 */
export function buildCue(cue, strength) {
  const element = document.createElement("div");
  element.className = "cue";
  element.dataset.kind = cue.source.kind;
  element.dataset.speaker = cue.source.speaker ?? "";
  element.dir = cue.direction;
  if (cue.language) element.lang = cue.language;
  set(element, {
    "--cue-duration": (cue.end - cue.start) / 1e6,
    "--speaker-color": hex(cue.color),
    "--speaker-weight": voiceWeight(cue.pitch, strength),
  });
  if (cue.label) element.append(block("speaker", cue.label));
  cue.words.forEach((word, index) => {
    if (word.joint === "space") element.append(" ");
    if (word.joint === "bound") element.append("\u00a0");
    if (word.joint === "break") element.append(document.createElement("wbr"));
    element.append(buildWord(word, index, cue, strength));
  });
  const second = cue.source.secondary;
  if (second) {
    const line = block("secondary", second.text);
    line.lang = second.language;
    line.dir = "auto";
    element.append(line);
  }
  return element;
}

/**
 * @param {PreparedWord} word
 * @param {number} index
 * @param {PreparedCue} cue
 * @param {number} strength
 */
function buildWord(word, index, cue, strength) {
  const { source } = word;
  const element = document.createElement("span");
  element.className = "word";
  element.dataset.direction = directionOf(source.text);
  if (source.tags?.length) element.dataset.tags = source.tags.join(" ");
  if (source.loudness == null || source.pitch == null) {
    const unknown = [source.loudness == null && "loudness", source.pitch == null && "pitch"];
    element.dataset.unknown = unknown.filter(Boolean).join(" ");
  }
  set(element, {
    "--index": index,
    "--start": (word.start - cue.start) / 1e6,
    "--end": (word.end - cue.start) / 1e6,
    "--duration": (word.end - word.start) / 1e6,
    "--loudness": clamp((source.loudness ?? 0) / 12) * strength,
    "--pitch": clamp((source.pitch ?? 0) / 6) * strength,
    "--emphasis": (source.emphasis ?? 0) * strength,
    "--width": 1,
    "--scale": source.style?.scale ?? 1,
  });
  if (source.style?.color) {
    set(element, { "--speaker-color": hex(source.style.color) });
    element.dataset.color = "";
  }
  if (source.style?.italic) element.dataset.italic = "";
  const ink = document.createElement("span");
  ink.className = "ink";
  ink.dir = "auto";
  ink.textContent = source.text;
  ink.dataset.text = source.text;
  if (source.style?.weight) ink.style.fontWeight = String(source.style.weight);
  element.append(ink);
  return element;
}

/**
 * A lower voice is heavier: 600 on the font's axis at 150 Hz (between the usual medians of
 * men, near 110, and women, near 210), 170 lighter per octave above, within 450..760.
 * @param {number | null} pitch Hz
 * @param {number} strength
 */
function voiceWeight(pitch, strength) {
  if (!pitch) return 600;
  const weight = 600 - 170 * Math.log2(pitch / 150);
  return Math.round(600 + (Math.min(760, Math.max(450, weight)) - 600) * strength);
}

/**
 * @param {string} className
 * @param {string} text
 */
function block(className, text) {
  const element = document.createElement("div");
  element.className = className;
  element.textContent = text;
  return element;
}

/**
 * @param {HTMLElement} element
 * @param {Record<string, number | string>} properties
 */
export function set(element, properties) {
  for (const [name, value] of Object.entries(properties)) {
    element.style.setProperty(name, String(value));
  }
}

/** @param {number} value */
function clamp(value) {
  return Math.min(1, Math.max(-1, value));
}

/** @param {string} color anything that is not #rrggbb becomes white */
function hex(color) {
  return /^#[0-9a-f]{6}$/i.test(color) ? color : "#ffffff";
}

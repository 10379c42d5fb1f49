/**
 * A style: a folder of style.json and style.css, and what a scenario chooses of it.
 *
 * @typedef {{type: "number" | "bool" | "text", title: string, minimum?: number, maximum?: number,
 *   default: number | boolean | string}} Parameter
 * @typedef {{name: string, title: string, description: string, fonts: string[],
 *   position: "bottom" | "middle" | "top", parameters: Record<string, Parameter>, css: string}} Style
 * @typedef {import("./scenario.js").Choice} Choice
 */

/** Each with a face of its own, where no other has its letters. */
const SCRIPTS = [
  ...["Armenian", "Bengali", "Devanagari", "Ethiopic", "Georgian", "Gujarati", "Gurmukhi", "Hebrew"],
  ...["Kannada", "Khmer", "Lao", "Malayalam", "Myanmar", "Sinhala", "Tamil", "Telugu", "Thai"],
];

/** Stand behind a style's own fonts; the last has a glyph for everything (see fonts.css). */
const FALLBACK = [
  "Pretendard Variable",
  "Noto Sans JP Variable",
  "Noto Sans SC Variable",
  "Noto Sans Arabic Variable",
  ...SCRIPTS.map((script) => `Noto Sans ${script} Variable`),
  "Noto Serif Tibetan Variable",
  "Noto Color Emoji",
  "ECG Last Resort",
];

/**
 * Fetches the two files of a style.
 * @param {string} baseUrl where the styles' folders are
 * @param {string} name
 * @returns {Promise<Style>}
 */
export async function loadStyle(baseUrl, name) {
  const [about, look] = await Promise.all(
    ["style.json", "style.css"].map(async (file) => {
      const answer = await fetch(`${baseUrl}/${name}/${file}`);
      if (!answer.ok) throw new Error(`style "${name}": ${file} answered ${answer.status}`);
      return answer.text();
    }),
  );
  return { parameters: {}, fonts: [], ...JSON.parse(about), name, css: look };
}

/**
 * The families in the order in which a character is looked for, none of them the system's.
 * @param {Style} style
 * @param {Choice} choice
 */
export function families(style, choice) {
  const own = choice.overrides?.font;
  return [...new Set([...(own ? [own] : []), ...style.fonts, ...FALLBACK])];
}

/** @param {string[]} names */
export function familyList(names) {
  return names.map(quoted).join(", ");
}

/**
 * The style's parameters as custom properties. Text becomes a CSS string, so that it can
 * name no URL and close no declaration.
 * @param {Style} style
 * @param {Choice} choice
 * @returns {Record<string, string>}
 */
export function parameterProperties(style, choice) {
  /** @type {Record<string, string>} */
  const properties = {};
  for (const [name, parameter] of Object.entries(style.parameters)) {
    const value = choice.parameters?.[name] ?? parameter.default;
    properties[`--${name}`] = typeof value === "string" ? quoted(value) : String(Number(value));
  }
  if (choice.overrides?.box != null) properties["--box"] = String(choice.overrides.box);
  return properties;
}

/** @param {string} text */
function quoted(text) {
  return `"${text.replace(/[\\"\n\r\f\0]/g, (c) => `\\${c.charCodeAt(0).toString(16)} `)}"`;
}

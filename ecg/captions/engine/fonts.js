/** Faces that a text needs, fetched before anything is measured. */

/**
 * Resolves when every face that has a character of the text is there.
 * @param {string[]} families in the order of their use
 * @param {string} text
 * @param {number} [patience] seconds
 * @throws {Error} naming the families that are not declared, or not there in time
 */
export async function loadFonts(families, text, patience = 20) {
  const declared = new Set([...document.fonts].map((face) => face.family.replace(/^"|"$/g, "")));
  const absent = families.filter((family) => !declared.has(family));
  if (absent.length) throw new Error(`fonts not declared on this page: ${absent.join(", ")}`);
  const characters = [...new Set(`${text} []♫`)].join("");
  const waiting = new Set(families);
  const loads = families.map(async (family) => {
    await document.fonts.load(`600 16px "${family}"`, characters);
    waiting.delete(family);
  });
  await Promise.race([Promise.all(loads), late(patience, waiting)]);
}

/**
 * Makes a font file of one's own known to this page.
 * @param {{family: string, lightest: number, heaviest: number, italic: boolean, unicode_range: string}} about
 *   `family` as a scenario names it; weights from `lightest` to `heaviest`
 * @param {BufferSource} data the bytes of the file
 * @returns {Promise<FontFace | null>} null where the browser does not take it
 */
export async function declareFont({ family, lightest, heaviest, italic, unicode_range }, data) {
  const face = new FontFace(family, data, {
    weight: `${lightest} ${heaviest}`,
    style: italic ? "italic" : "normal",
    unicodeRange: unicode_range,
  });
  try {
    await face.load();
  } catch {
    return null;
  }
  document.fonts.add(face);
  return face;
}

/**
 * @param {number} patience seconds
 * @param {Set<string>} waiting
 * @returns {Promise<never>}
 */
function late(patience, waiting) {
  return new Promise((_, reject) => {
    AbortSignal.timeout(patience * 1000).addEventListener("abort", () =>
      reject(new Error(`fonts not loaded after ${patience} s: ${[...waiting].join(", ")}`)),
    );
  });
}

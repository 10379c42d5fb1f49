/**
 * What of the stage can hold ink, and what of it can look another than before.
 *
 * @typedef {import("./layout.js").Box} Box
 * @typedef {import("./layout.js").Rectangle} Rectangle
 */

/** Parts of an em that the base sheet's shadow reaches past a word's box. */
const BLEED = 0.36;

/**
 * What each part of the cues (the box, a word, a name) can colour as it is now, in pixels of the
 * stage. Letters and shadows may reach past their boxes, by BLEED or by the part of an em that the
 * style says in --bleed.
 * @param {HTMLElement} stage
 * @param {HTMLElement[]} cues
 * @param {number} width px
 * @param {number} height px
 * @returns {Map<Element, Box>}
 */
export function inkBoxes(stage, cues, width, height) {
  const frame = stage.getBoundingClientRect();
  const [across, down] = [frame.width / width, frame.height / height];
  const boxes = new Map();
  for (const cue of cues) {
    const bleed = Number(getComputedStyle(cue).getPropertyValue("--bleed") || BLEED);
    for (const part of [cue, ...cue.querySelectorAll(".ink, .speaker, .secondary")]) {
      const rect = part.getBoundingClientRect();
      const em = Number.parseFloat(getComputedStyle(part).fontSize);
      const spare = 1 + (part === cue ? 0 : bleed * em);
      boxes.set(part, {
        left: (rect.left - frame.left) / across - spare,
        top: (rect.top - frame.top) / down - spare,
        right: (rect.right - frame.left) / across + spare,
        bottom: (rect.bottom - frame.top) / down + spare,
      });
    }
  }
  return boxes;
}

/**
 * The whole pixels of the stage that hold all of `boxes`; null where there is none.
 * @param {Box[]} boxes
 * @param {number} width px
 * @param {number} height px
 * @returns {Rectangle | null}
 */
export function around(boxes, width, height) {
  if (!boxes.length) return null;
  const x = Math.max(0, Math.floor(Math.min(...boxes.map((box) => box.left))));
  const y = Math.max(0, Math.floor(Math.min(...boxes.map((box) => box.top))));
  const right = Math.min(width, Math.ceil(Math.max(...boxes.map((box) => box.right))));
  const bottom = Math.min(height, Math.ceil(Math.max(...boxes.map((box) => box.bottom))));
  return { x, y, width: Math.max(0, right - x), height: Math.max(0, bottom - y) };
}

/**
 * Those of `after`, and of `before` what was there of them, that can look another: they stand
 * elsewhere, or they are in one of the elements `touched`.
 * @param {Map<Element, Box>} before
 * @param {Map<Element, Box>} after
 * @param {Set<Element>} touched
 * @returns {Box[]}
 */
export function different(before, after, touched) {
  const others = [...touched];
  return [...after].flatMap(([part, box]) => {
    const old = before.get(part) ?? box;
    const same = old.left === box.left && old.top === box.top
      && old.right === box.right && old.bottom === box.bottom;
    return same && !others.some((one) => one.contains(part)) ? [] : [old, box];
  });
}

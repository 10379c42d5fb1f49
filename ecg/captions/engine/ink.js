/**
 * What of the stage can hold ink, and what of it can look another than before.
 *
 * @typedef {import("./layout.js").Box} Box
 * @typedef {import("./layout.js").Rectangle} Rectangle
 *
 * @typedef {object} Outline a picture of the stage, told by what can make it differ from another
 * @property {Rectangle | null} ink whole pixels outside which nothing is drawn
 * @property {string} cues the ids of those shown
 * @property {{box: Box, look: string}[]} parts of the cues shown, in their order
 */

/** Parts of an em that the base sheet's shadow reaches past letters: 0.05 down, three standard
 * deviations of its blur (0.36), half the outline. */
const BLEED = 0.48;

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
 * The look of a part: the states and the poses of itself and of what it stands in.
 * @param {Element} part
 * @param {Map<Element, string>} poses
 */
function lookOf(part, poses) {
  const word = /** @type {HTMLElement | null} */ (part.closest(".word"));
  const state = word ? `${word.dataset.state} ${word.hasAttribute("data-current")}` : "";
  const chain = [part, word, part.closest(".cue")];
  return [state, ...chain.map((one) => (one && poses.get(one)) ?? "")].join("|");
}

/**
 * @param {Map<Element, Box>} boxes
 * @param {Map<Element, string>} poses
 * @param {string} cues which ones are shown
 * @param {number} width px
 * @param {number} height px
 * @returns {Outline}
 */
export function outlineOf(boxes, poses, cues, width, height) {
  const parts = [...boxes].map(([part, box]) => ({ box, look: lookOf(part, poses) }));
  return { cues, parts, ink: around([...boxes.values()], width, height) };
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
 * Whole pixels of the stage outside which two pictures of one scenario are the same; null where
 * they are the same everywhere.
 * @param {Outline} before
 * @param {Outline} after
 * @param {number} width px
 * @param {number} height px
 * @returns {Rectangle | null}
 */
export function damageBetween(before, after, width, height) {
  if (before.cues !== after.cues) {
    return around([...before.parts, ...after.parts].map(({ box }) => box), width, height);
  }
  const changed = after.parts.flatMap(({ box, look }, index) => {
    const old = before.parts[index];
    const same = look === old.look && old.box.left === box.left && old.box.top === box.top
      && old.box.right === box.right && old.box.bottom === box.bottom;
    return same ? [] : [old.box, box];
  });
  return around(changed, width, height);
}

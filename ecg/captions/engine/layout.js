/**
 * Where cues stand. The browser breaks the lines; here boxes are drawn tight around them,
 * kept in the safe area and kept apart. All of it once per group, before anything moves.
 *
 * @typedef {import("./scenario.js").Region} Region
 * @typedef {{left: number, top: number, right: number, bottom: number}} Box
 * @typedef {{x: number, y: number, width: number, height: number}} Rectangle px
 * @typedef {{element: HTMLElement, region: Region, start: number, end: number}} Placed
 */
import { set } from "./cue.js";

/** A cue may cover at most this part of the stage's height. */
const TALLEST = 0.42;
const GAP = 0.012;

/**
 * The part of the stage that captions keep to, px. Wide pictures: 8 % at the sides, 7 % above
 * and below. Upright ones: clear of what phone players lay over them, which on 1080 × 1920 is
 * outside x 65..888 and y 288..1248; centred, so 17.8 % on both sides.
 * @param {number} width
 * @param {number} height
 * @returns {Box}
 */
export function safeArea(width, height) {
  const upright = width / height < 0.7;
  const [side, above, below] = upright ? [0.178, 0.15, 0.35] : [0.08, 0.07, 0.07];
  return {
    left: width * side,
    right: width * (1 - side),
    top: height * above,
    bottom: height * (1 - below),
  };
}

/**
 * The length that type is sized by, px: the stage's height, less where the stage is narrow,
 * so that 22 letters at 5 % of it fill a line of an upright stage.
 * @param {number} width
 * @param {number} height
 */
export function unitOf(width, height) {
  return Math.min(height, width * 1.08);
}

/**
 * Sizes and places the cues of a group, given in the order in which they begin.
 * @param {Placed[]} cues
 * @param {number} width
 * @param {number} height
 * @param {number} unit px
 */
export function arrange(cues, width, height, unit) {
  const safe = safeArea(width, height);
  /** @type {{cue: Placed, box: Box}[]} */
  const done = [];
  for (const cue of cues) {
    fit(cue.element, safe, height * TALLEST, unit);
    const size = { width: cue.element.offsetWidth, height: cue.element.offsetHeight };
    const others = done.filter(({ cue: other }) => other.start < cue.end && cue.start < other.end);
    const box = avoid(
      home(cue.region, size, safe, width, height),
      others.map((other) => other.box),
      safe,
      typeof cue.region === "object" ? cue.region.y < 0.5 : cue.region === "top",
      height * GAP,
    );
    cue.element.style.left = `${Math.round(box.left)}px`;
    cue.element.style.top = `${Math.round(box.top)}px`;
    measureWords(cue.element);
    done.push({ cue, box });
  }
}

/**
 * Narrows the box to its longest line; makes the type smaller until the cue fits.
 * @param {HTMLElement} element
 * @param {Box} safe
 * @param {number} tallest px
 * @param {number} unit px
 */
function fit(element, safe, tallest, unit) {
  const widest = safe.right - safe.left;
  for (let tries = 0; tries < 8; tries += 1) {
    const over = Math.max(tighten(element, widest) / widest, element.offsetHeight / tallest);
    if (over <= 1) return;
    unit *= Math.max(0.6, Math.min(0.97, 1 / Math.sqrt(over)));
    set(element, { "--unit": `${unit}px` });
  }
}

/**
 * @param {HTMLElement} element
 * @param {number} widest px, of the whole box
 * @returns {number} px that the whole box needs: more than widest where one word is longer
 */
function tighten(element, widest) {
  const { style } = element;
  style.left = style.top = "0";
  style.width = "max-content";
  style.maxWidth = "none";
  const frame = element.offsetWidth - contentWidth(element);
  style.maxWidth = `${Math.floor(widest - frame)}px`;
  const before = element.offsetHeight;
  const scale = shownScale(element);
  const rects = [...element.querySelectorAll(".speaker, .word, .secondary")].map(textBox);
  const left = Math.min(...rects.map((rect) => rect.left));
  const right = Math.max(...rects.map((rect) => rect.right));
  // to the browser's own unit, or a stage shown smaller would be broken otherwise
  const needed = Math.ceil(Math.round(((right - left) / scale) * 64) / 64);
  style.width = `${needed}px`;
  if (element.offsetHeight !== before) style.width = "max-content";
  return needed + frame;
}

/**
 * Gives every word its width, in the em of its cue, for motions that are not to reach its
 * neighbours; and back the fraction of a pixel that the browser takes from the place of what is
 * transformed, or letters so small would stand unevenly.
 * @param {HTMLElement} element standing at whole pixels
 */
function measureWords(element) {
  const em = Number.parseFloat(getComputedStyle(element).fontSize);
  const words = /** @type {NodeListOf<HTMLElement>} */ (element.querySelectorAll(".word"));
  element.dataset.still = "";
  const frame = element.getBoundingClientRect();
  const scale = shownScale(element);
  const found = [...words].map((word) => {
    const ink = /** @type {HTMLElement} */ (word.querySelector(".ink"));
    const place = ink.getBoundingClientRect();
    const across = fraction((place.left - frame.left) / scale);
    const down = fraction((place.top - frame.top) / scale);
    return { word, ink, width: word.offsetWidth / em, shift: `${across}px ${down}px` };
  });
  delete element.dataset.still;
  for (const { word, ink, width, shift } of found) {
    set(word, { "--width": width.toFixed(3) });
    ink.style.translate = shift;
  }
}

/**
 * Pixels of the screen to one of the stage.
 * @param {HTMLElement} element on the stage
 */
function shownScale(element) {
  const stage = /** @type {HTMLElement} */ (element.parentElement);
  return stage.getBoundingClientRect().width / stage.offsetWidth || 1;
}

/**
 * What rounding takes from a length, to the browser's own unit.
 * @param {number} length px
 */
function fraction(length) {
  return Math.round((length - Math.round(length)) * 64) / 64;
}

/** @param {HTMLElement} element */
function contentWidth(element) {
  const { paddingLeft, paddingRight, borderLeftWidth, borderRightWidth } =
    getComputedStyle(element);
  return (
    element.offsetWidth -
    [paddingLeft, paddingRight, borderLeftWidth, borderRightWidth]
      .map(Number.parseFloat)
      .reduce((sum, part) => sum + part, 0)
  );
}

/**
 * The rectangle of an element's text; of a block, not of the whole line it owns.
 * @param {Element} element
 */
function textBox(element) {
  if (element.classList.contains("word")) return element.getBoundingClientRect();
  const range = document.createRange();
  range.selectNodeContents(element);
  return range.getBoundingClientRect();
}

/**
 * @param {Region} region
 * @param {{width: number, height: number}} size
 * @param {Box} safe
 * @param {number} width
 * @param {number} height
 * @returns {Box}
 */
function home(region, size, safe, width, height) {
  let left = (width - size.width) / 2;
  let top = safe.bottom - size.height;
  if (region === "top") top = safe.top;
  if (region === "middle") top = (safe.top + safe.bottom - size.height) / 2;
  if (typeof region === "object") {
    const anchor = region.anchor ?? "center";
    const across = anchor.endsWith("left") ? 0 : anchor.endsWith("right") ? 1 : 0.5;
    const down = anchor.startsWith("top") ? 0 : anchor.startsWith("bottom") ? 1 : 0.5;
    left = region.x * width - across * size.width;
    top = region.y * height - down * size.height;
    const edge = 0.02 * Math.min(width, height);
    left = Math.max(edge, Math.min(left, width - edge - size.width));
    top = Math.max(edge, Math.min(top, height - edge - size.height));
  }
  return { left, top, right: left + size.width, bottom: top + size.height };
}

/**
 * Moves a box away from those already standing: up, or down where it hangs from the top;
 * the other way where that leaves the safe area.
 * @param {Box} box
 * @param {Box[]} others
 * @param {Box} safe
 * @param {boolean} downwards
 * @param {number} gap px
 * @returns {Box}
 */
function avoid(box, others, safe, downwards, gap) {
  for (const down of [downwards, !downwards]) {
    let moved = box;
    for (let tries = 0; tries <= others.length; tries += 1) {
      const hit = others.find((other) => overlap(moved, other, gap));
      if (!hit) break;
      const tall = box.bottom - box.top;
      const top = down ? hit.bottom + gap : hit.top - gap - tall;
      moved = { ...moved, top, bottom: top + tall };
    }
    if (moved.top >= safe.top && moved.bottom <= safe.bottom) return moved;
    if (!others.some((other) => overlap(moved, other, gap)) && moved === box) return moved;
  }
  return box;
}

/**
 * @param {Box} a
 * @param {Box} b
 * @param {number} gap px
 */
function overlap(a, b, gap) {
  const apart = gap - 0.5;
  return (
    a.left < b.right && b.left < a.right && a.top < b.bottom + apart && b.top < a.bottom + apart
  );
}

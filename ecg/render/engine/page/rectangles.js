// Rectangles of pixels, and what of one differs from the picture before.

/** @typedef {{x: number, y: number, width: number, height: number}} Rect */

/** The smallest rectangle that holds both.
 * @param {Rect | null} a @param {Rect} b @returns {Rect} */
export function union(a, b) {
  if (!a) return b;
  const x = Math.min(a.x, b.x);
  const y = Math.min(a.y, b.y);
  const width = Math.max(a.x + a.width, b.x + b.width) - x;
  return { x, y, width, height: Math.max(a.y + a.height, b.y + b.height) - y };
}

const GRID = 16;

/** `rect` grown to whole squares of 16 pixels.
 * @param {Rect} rect @returns {Rect} */
export function onGrid(rect) {
  const [x, y] = [rect.x - (rect.x % GRID), rect.y - (rect.y % GRID)];
  const [right, bottom] = [rect.x + rect.width, rect.y + rect.height].map((end) => Math.ceil(end / GRID) * GRID);
  return { x, y, width: right - x, height: bottom - y };
}

/** @param {Rect | null} a @param {Rect | null} b */
export function same(a, b) {
  return a?.x === b?.x && a?.y === b?.y && a?.width === b?.width && a?.height === b?.height;
}

/** The part of `region` whose pixels differ from those `shown`, which is brought up to date.
 * @param {Uint32Array} pixels @param {Rect} region
 * @param {Uint32Array} shown @param {number} stride
 * @returns {Rect | null} */
export function change(pixels, region, shown, stride) {
  let left = region.width;
  let right = -1;
  let top = -1;
  let bottom = -1;
  for (let row = 0; row < region.height; row++) {
    const from = row * region.width;
    const to = (region.y + row) * stride + region.x;
    let first = 0;
    while (first < region.width && pixels[from + first] === shown[to + first]) first++;
    if (first === region.width) continue;
    let last = region.width - 1;
    while (pixels[from + last] === shown[to + last]) last--;
    shown.set(pixels.subarray(from + first, from + last + 1), to + first);
    left = Math.min(left, first);
    right = Math.max(right, last);
    if (top < 0) top = row;
    bottom = row;
  }
  if (top < 0) return null;
  const width = right - left + 1;
  return { x: region.x + left, y: region.y + top, width, height: bottom - top + 1 };
}

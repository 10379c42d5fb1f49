/** Which characters a font has no glyph of, as its faces declare it. */

/** Drawn by no face of letters, whatever the font. */
const NOT_LETTERS = /[\s\p{C}\p{M}\p{Extended_Pictographic}]/u;

/**
 * The characters of `text` that none of `ranges` (as CSS has them: "U+0-FF, U+131") holds, each
 * once, in order.
 */
export function lacking(ranges: readonly string[], text: string): string[] {
  const spans = ranges.flatMap((range) => range.split(",")).flatMap((part): [number, number][] => {
    const found = /^\s*U\+([0-9a-f]+)(?:-([0-9a-f]+))?\s*$/i.exec(part);
    const first = Number.parseInt(found?.[1] ?? "", 16);
    return found ? [[first, found[2] ? Number.parseInt(found[2], 16) : first]] : [];
  });
  const has = (code: number) => spans.some(([first, last]) => first <= code && code <= last);
  return [...new Set(text)].filter((one) => !NOT_LETTERS.test(one) && !has(one.codePointAt(0) ?? 0));
}

/** The ranges of a family's faces that are declared on this page. */
export function rangesOf(family: string): string[] {
  const bare = (name: string) => name.replace(/^["']|["']$/g, "");
  return [...document.fonts].filter((face) => bare(face.family) === family).map((face) => face.unicodeRange);
}

/** What a text's characters tell about its language, direction and spacing. */

const KANA = /[\p{Script=Hiragana}\p{Script=Katakana}]/u;
const HAN = /\p{Script=Han}/u;
const HANGUL = /\p{Script=Hangul}/u;
const ARABIC = /\p{Script=Arabic}/u;
const RTL = /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u;
const STRONG = /\p{L}/u;
/** Scripts that set no space between words, with their full-width punctuation. */
const UNSPACED =
  /[\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Han}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}\u3000-\u303f\uff00-\uffef]/u;

/**
 * The BCP 47 tag that picks the right faces, "" where the script says nothing.
 * @param {string} text
 * @param {boolean} japanese whether Chinese characters alone are to be read as Japanese
 */
export function languageOf(text, japanese) {
  if (KANA.test(text)) return "ja";
  if (HANGUL.test(text)) return "ko";
  if (ARABIC.test(text)) return "ar";
  if (HAN.test(text)) return japanese ? "ja" : "zh";
  return "";
}

/** @param {string} text */
export function hasKana(text) {
  return KANA.test(text);
}

/**
 * The direction of the first letter, "" where there is none (numbers, symbols).
 * @param {string} text
 * @returns {"ltr" | "rtl" | ""}
 */
export function directionOf(text) {
  const letter = STRONG.exec(text);
  if (!letter) return "";
  return RTL.test(letter[0]) ? "rtl" : "ltr";
}

/**
 * Whether most of a text's letters are written from right to left.
 * @param {string} text
 */
export function mostlyRightToLeft(text) {
  const letters = text.match(/\p{L}/gu) ?? [];
  return 2 * letters.filter((letter) => RTL.test(letter)).length > letters.length;
}

/**
 * The direction of a cue's lines: its first letter's, but of a talk from right to left also
 * where a page of it happens to begin with a foreign word.
 * @param {string} text
 * @param {boolean} leftwards whether the whole talk is written from right to left
 * @returns {"ltr" | "rtl"}
 */
export function lineDirection(text, leftwards) {
  return leftwards && RTL.test(text) ? "rtl" : directionOf(text) || "ltr";
}

/** What never begins a line. */
const CLOSING = /^[\p{Pe}\p{Pf}\p{Po}\u30fc]/u;

/**
 * What stands between two words of a line: a space, a place where a line may end, or nothing.
 * @param {string} before
 * @param {string} after
 * @returns {"space" | "break" | "none"}
 */
export function between(before, after) {
  const last = [...before].at(-1) ?? "";
  const first = [...after][0] ?? "";
  if (!UNSPACED.test(last) || !UNSPACED.test(first)) return "space";
  return CLOSING.test(first) ? "none" : "break";
}

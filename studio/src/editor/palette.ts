/**
 * Colours for speakers that stay apart for colour-blind eyes and can be read on the captions' box;
 * a test holds every palette to what readability is judged by.
 */

/** As captions are composed with. */
export const PALETTE = ["#f5b14b", "#56b4e9", "#7bd88f", "#e58fc0", "#f0e442", "#ff8f6b"] as const;

/** What a look can give the speakers in place of their own colours. */
export const PALETTES = {
  bright: ["#f9cc21", "#7aabfc", "#fe93a4", "#8fbb5f", "#5ef9f1", "#defa81"],
  soft: ["#f7d293", "#a2daf6", "#efa6bb", "#ddf7d8", "#a7bbf9", "#bfc19c"],
  cool: ["#52cff3", "#e8fed4", "#b1a6b9", "#92ba66", "#bdf9f4", "#83caa4"],
  warm: ["#fcb442", "#feb4f7", "#f7f9cb", "#c8a285", "#f0e07f", "#b6a4b4"],
} as const;

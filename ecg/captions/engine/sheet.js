/**
 * What holds for every style; adopted before the style's own sheet. Contents that are said to
 * change are given no layers of their own by the browser, whose pixels would otherwise depend
 * on what was shown before. A word is never scaled by exactly 1: the browser keeps a fraction of
 * a pixel in the place of what has no scale and drops it from what has, again depending on what
 * was shown before. The stage has a ground too faint to colour a pixel, so that its picture covers
 * the same rectangle whatever stands on it: the browser smooths edges by where they lie in that.
 * As a style's box fades below a half, an outline and a shadow take its place.
 */
export const BASE = `
:host { display: block; position: relative; }
.stage {
  position: absolute; inset: 0; overflow: hidden; pointer-events: none; will-change: contents;
  background: rgb(0 0 0 / 0.1%);
  font-family: var(--font); font-kerning: normal; font-synthesis: style;
  text-rendering: geometricPrecision; text-align: center; color: #fff;
}
.stage:lang(ja), .stage :lang(ja) { font-family: var(--font-japanese); }
.stage:lang(zh), .stage :lang(zh) { font-family: var(--font-chinese); }
.cue {
  position: absolute; box-sizing: content-box; width: max-content;
  text-wrap: balance; white-space: normal; overflow-wrap: normal;
}
.cue[hidden] { display: none; }
.word { white-space: nowrap; }
.word[data-direction="ltr"]::before, .word[data-direction="ltr"]::after { content: "\\200e"; }
.word[data-direction="rtl"]::before, .word[data-direction="rtl"]::after { content: "\\200f"; }
.ink { display: inline-block; white-space: nowrap; scale: 1.0001; }
.cue[data-still] .ink { animation: none !important; transform: none !important; scale: none; }
.word[data-italic] > .ink { font-style: italic; }
:where(.word[data-color]) > .ink { color: var(--speaker-color); }
.speaker, .secondary { display: block; }
.ink, .speaker, .secondary {
  --bare: clamp(0, 1 - 2 * var(--box, 0), 1);
  -webkit-text-stroke: calc(var(--outline, 0.14em) * var(--bare)) rgb(10 12 18);
  paint-order: stroke;
  text-shadow: 0 0.05em 0.24em rgb(0 0 0 / calc(0.6 * var(--bare)));
}
.cue:not([data-kind="speech"]) { font-style: italic; }
.cue[data-kind="sound"] > .word:first-of-type > .ink::before { content: "["; }
.cue[data-kind="sound"] > .word:last-of-type > .ink::after { content: "]"; }
.cue[data-kind="music"] > .word:first-of-type > .ink::before { content: "♫ "; }
.cue[data-kind="music"] > .word:last-of-type > .ink::after { content: " ♫"; }
.stage, .stage *, .stage *::before, .stage *::after {
  animation-play-state: paused !important;
  transition: none !important;
}
`;

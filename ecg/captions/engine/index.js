/**
 * The caption engine: one scenario in one style, drawn at any time in any order.
 *
 * The page declares the faces of fonts/fonts.css; then
 * `const stage = createStage(element, {style: await loadStyle("/styles", "intention"), …})`,
 * `await stage.ready`, `stage.seek(seconds)`.
 */
export { declareFont } from "./fonts.js";
export { damageBetween } from "./ink.js";
export { createStage, createStages } from "./stage.js";
export { loadStyle } from "./style.js";

// The render page: draws caption states and sends their pixels over one WebSocket.
//
// Commands arrive as JSON text, one answer each, in order; `more` is the exception: it lets a
// running capture send further states and has no answer. Pixels leave as binary messages of some
// states, for each of which: ten little-endian int32 (the frame from which this state stands and
// the one at which the next begins; x, y, width, height of what changed since the state before;
// the same of what can hold ink), then the changed rectangle's rows of RGBA, not premultiplied.

import { change, onGrid, same, union } from "./rectangles.js";

/** @typedef {import("./rectangles.js").Rect} Rect */
/** @typedef {{scenario: any, width: number, height: number, pixelWidth: number}} Opening */
/** @typedef {Parameters<typeof import("../../../captions/engine/fonts.js").declareFont>[0] & {data: string}} OwnFont
 * `data` in base64 */
/** @typedef {{changed: Rect | null, ink: Rect | null, image: ImageData | null, region: Rect | null}} Drawn
 * `image` is of the `region` that could have changed */

const base = new URL("..", import.meta.url);
const engine = await import(new URL("engine/index.js", base).href);
const HEADER = 10;
/** States that one paint shows: about as many as a word has while it moves. */
const STAGES = 6;
const NOTHING = { cues: "", parts: [], ink: null };

/** @type {Opening} */
let opening;
/** @type {any} */
let style;
/** @type {{stage: any, element: HTMLElement} | null} */
let plain = null;
/** @type {Awaited<ReturnType<typeof canvasView>> | null} */
let canvas = null;

const socket = new WebSocket(new URL("pixels", base).href.replace(/^http/, "ws"));
socket.binaryType = "arraybuffer";

/** @param {HTMLElement[]} elements */
async function stagesOn(elements) {
  const { scenario, width, height } = opening;
  const stages = engine.createStages(elements, { style, scenario, width, height });
  await Promise.all(stages.map((/** @type {any} */ stage) => stage.ready));
  return stages;
}

/** Puts stages at times, and gives their outlines once every glyph in them has its font: a face
 * that only one of these states needs starts to load with its layout.
 * @param {any[]} stages @param {number[]} times at most as many */
async function at(stages, times) {
  times.forEach((time, index) => stages[index].seek(time));
  void document.body.offsetHeight;
  if (document.fonts.status === "loading") await document.fonts.ready;
  return times.map((_, index) => stages[index].outline());
}

/** A stage that is shown on the page itself, for screenshots. */
async function plainView() {
  const element = document.createElement("div");
  const holder = document.createElement("div");
  holder.className = "plain";
  holder.style.transform = `scaleX(${opening.pixelWidth / opening.width})`;
  holder.append(element);
  document.body.append(holder);
  const [stage] = await stagesOn([element]);
  return { stage, element: holder };
}

function removePlain() {
  plain?.stage.destroy();
  plain?.element.remove();
  plain = null;
}

/** Stages inside a canvas, read back without any screenshot. Several, as the browser takes far
 * longer over a paint than over what is painted: one paint shows as many states as there are stages. */
async function canvasView() {
  const { pixelWidth, width, height } = opening;
  /** @type {any} */
  const surface = document.createElement("canvas");
  surface.width = surface.height = 1;
  surface.setAttribute("content", "drawable");
  surface.setAttribute("layoutsubtree", "");
  document.body.append(surface);
  /** @type {any} */
  const context = surface.getContext("2d", { willReadFrequently: true });
  if (!("drawElementImage" in context) || !("requestPaint" in surface)) {
    surface.remove();
    throw new Error("this browser has no HTML-in-Canvas");
  }
  const elements = Array.from({ length: STAGES }, () => document.createElement("div"));
  for (const element of elements) element.setAttribute("drawable", "");
  surface.append(...elements);
  const stages = await stagesOn(elements);
  const shown = new Uint32Array(pixelWidth * height);
  let outlined = NOTHING; // what `shown` shows
  /** @type {Rect | null} */
  let framed = null; // what it was clipped to

  /** Makes the canvas hold `region`, and no more than has been needed: Chromium copies all of it
   * at every paint.
   * @param {Rect} region */
  function fit({ width, height }) {
    if (width > surface.width) surface.width = width;
    if (height > surface.height) surface.height = height;
  }

  /** @param {number[]} times at most STAGES @returns {Promise<Drawn[]>} */
  async function draw(times) {
    const all = (await at(stages, times)).map((outline, index) => {
      const damage = engine.damageBetween(outlined, outline, width, height);
      outlined = outline;
      const ink = inPixels(outline.ink);
      const frame = ink && onGrid(ink);
      let region = inPixels(damage);
      if (!region) return { ink, region, frame, drawn: null, element: elements[index] };
      // all of the ink is drawn, and where its frame is another, all of it is read: the edges of a
      // box hang on what it is clipped to, and on where in the canvas it is
      if (ink && !same(frame, framed)) region = union(region, ink);
      framed = frame;
      const drawn = onGrid(union(ink, region));
      fit(drawn);
      return { ink, region, frame, drawn, element: elements[index] };
    });
    if (all.some(({ region }) => region)) {
      await new Promise((resolve) => {
        surface.addEventListener("paint", resolve, { once: true });
        surface.requestPaint();
      });
    }
    return all.map(({ ink, region, frame, drawn, element }) => {
      if (!region || !drawn) return { changed: null, ink, image: null, region };
      context.clearRect(0, 0, drawn.width, drawn.height);
      context.save();
      if (frame) {
        context.translate(-drawn.x, -drawn.y);
        context.beginPath();
        context.rect(frame.x, frame.y, frame.width, frame.height);
        context.clip();
        context.scale(pixelWidth / width, 1);
        context.drawElementImage(element, 0, 0);
      }
      context.restore();
      const [x, y] = [region.x - drawn.x, region.y - drawn.y];
      const image = context.getImageData(x, y, region.width, region.height);
      const pixels = new Uint32Array(image.data.buffer);
      return { changed: change(pixels, region, shown, pixelWidth), ink, image, region };
    });
  }

  function clear() {
    shown.fill(0);
    outlined = NOTHING;
    framed = null;
  }

  function remove() {
    for (const stage of stages) stage.destroy();
    surface.remove();
  }
  return { surface, stage: stages[0], draw, clear, remove };
}

/** Stage rectangle → rectangle of the picture's own pixels, inside the picture.
 * @param {Rect | null} rect
 * @returns {Rect | null} */
function inPixels(rect) {
  if (!rect) return null;
  const ratio = opening.pixelWidth / opening.width;
  const left = Math.max(0, Math.floor(rect.x * ratio));
  const top = Math.max(0, rect.y);
  const right = Math.min(opening.pixelWidth, Math.ceil((rect.x + rect.width) * ratio));
  const bottom = Math.min(opening.height, rect.y + rect.height);
  if (right <= left || bottom <= top) return null;
  return { x: left, y: top, width: right - left, height: bottom - top };
}

/** The states as one message; as a blob, which DevTools does not copy to all who listen.
 * @param {{first: number, until: number, drawn: Drawn}[]} states */
function send(states) {
  const none = { x: 0, y: 0, width: 0, height: 0 };
  const sizes = states.map(({ drawn: { changed } }) => (changed ? changed.width * changed.height : 0));
  const message = new Int32Array(states.length * HEADER + sizes.reduce((sum, size) => sum + size, 0));
  let place = 0;
  for (const { first, until, drawn: { changed, ink, image, region } } of states) {
    const part = changed ?? none;
    const box = ink ?? none;
    message.set([first, until, part.x, part.y, part.width, part.height], place);
    message.set([box.x, box.y, box.width, box.height], place + 6);
    place += HEADER;
    if (!changed || !image || !region) continue;
    const pixels = new Int32Array(image.data.buffer);
    for (let row = 0; row < part.height; row++) {
      const from = (part.y - region.y + row) * region.width + part.x - region.x;
      message.set(pixels.subarray(from, from + part.width), place);
      place += part.width;
    }
  }
  socket.send(new Blob([message]));
}

/** Index of the first of `times` after the one at `index` whose picture can be another.
 * @param {any} stage @param {number[]} times @param {number} index */
function following(stage, times, index) {
  const next = stage.nextChange(times[index]);
  do index++;
  while (index < times.length && times[index] < next);
  return index;
}

let credit = 0;
/** @type {(() => void) | null} */
let granted = null;

/** Whether the page has a file of the scenario's own font, where it names one; else it is set in the
 * style's.
 * @param {OwnFont[]} fonts */
async function declared(fonts) {
  if (!fonts.length) return true;
  const bytes = (/** @type {string} */ data) => Uint8Array.from(atob(data), (one) => one.charCodeAt(0));
  const taken = await Promise.all(fonts.map((font) => engine.declareFont(font, bytes(font.data))));
  if (taken.some(Boolean)) return true;
  opening.scenario.style.overrides.font = null;
  return false;
}

/** @type {Record<string, (command: any) => Promise<any>>} */
const commands = {
  async open(/** @type {Opening & {fonts: OwnFont[]}} */ { fonts, ...rest }) {
    opening = rest;
    removePlain();
    canvas?.remove();
    canvas = null;
    style = await engine.loadStyle(new URL("styles", base).href, opening.scenario.style.name);
    return { fontless: !(await declared(fonts)) };
  },
  async canvas() {
    canvas = await canvasView();
    return {};
  },
  async beginnings({ times }) {
    const view = canvas ?? (plain ??= await plainView());
    const found = [];
    for (let at = 0; at < times.length; at = following(view.stage, times, at)) found.push(at);
    return { beginnings: found };
  },
  async draw({ time }) {
    if (!canvas) throw new Error("no canvas is open");
    const [drawn] = await canvas.draw([time]);
    send([{ first: 0, until: 1, drawn }]);
    return {};
  },
  async capture({ first, times }) {
    if (!canvas) throw new Error("no canvas is open");
    canvas.clear();
    for (let at = 0; at < times.length; ) {
      /** @type {number[]} */
      const begins = [];
      while (at < times.length && begins.length < STAGES) {
        begins.push(at);
        at = following(canvas.stage, times, at);
      }
      while (credit < begins.length) await new Promise((resolve) => (granted = () => resolve(null)));
      credit -= begins.length;
      const states = await canvas.draw(begins.map((begin) => times[begin]));
      send(
        states.map((drawn, index) => {
          return { first: first + begins[index], until: first + (begins[index + 1] ?? at), drawn };
        }),
      );
    }
    return {};
  },
  async show({ time }) {
    plain ??= await plainView();
    canvas?.surface.style.setProperty("visibility", "hidden");
    const [{ ink }] = await at([plain.stage], [time]);
    return { ink: inPixels(ink) };
  },
  async hide() {
    removePlain();
    canvas?.surface.style.removeProperty("visibility");
    canvas?.clear();
    return {};
  },
};

/** @param {string} text */
async function answer(text) {
  const command = JSON.parse(text);
  if (command.do === "more") {
    credit += command.states;
    granted?.();
    return;
  }
  try {
    socket.send(JSON.stringify({ answer: await commands[command.do](command) }));
  } catch (error) {
    socket.send(JSON.stringify({ failed: error instanceof Error ? error.message : String(error) }));
  }
}
socket.addEventListener("message", (event) => void answer(event.data));

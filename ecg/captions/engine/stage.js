/**
 * The stage: a box of exactly the export's pixels in which one scenario is drawn.
 *
 * @typedef {import("./scenario.js").Scenario} Scenario
 * @typedef {import("./scenario.js").Group} Group
 * @typedef {import("./scenario.js").PreparedCue} PreparedCue
 * @typedef {import("./style.js").Style} Style
 * @typedef {{x: number, y: number, width: number, height: number}} Rectangle px
 * @typedef {object} Stage
 * @property {Promise<void>} ready resolves when the fonts are there; rejects naming the missing
 * @property {number} duration seconds, the end of the last cue
 * @property {(t: number) => void} seek puts the exact picture of t (seconds) on the stage
 * @property {(t: number) => number} nextChange the picture is the same on [t, nextChange(t));
 *   t itself while something moves, Infinity when nothing comes any more
 * @property {() => Rectangle | null} bounds whole pixels of the stage outside which nothing is
 *   drawn in the state last sought
 * @property {() => void} destroy
 */
import { buildCue, set } from "./cue.js";
import { loadFonts } from "./fonts.js";
import { arrange, unitOf } from "./layout.js";
import { hold, scheduleOf, setStates, takeUp } from "./motion.js";
import { group, micros, prepare } from "./scenario.js";
import { BASE } from "./sheet.js";
import { families, familyList, parameterProperties } from "./style.js";

/**
 * @param {HTMLElement} element becomes the stage; what it held is hidden by it
 * @param {{style: Style, scenario: Scenario, width: number, height: number}} what
 * @returns {Stage}
 */
export function createStage(element, { style, scenario, width, height }) {
  const root = element.shadowRoot ?? element.attachShadow({ mode: "open" });
  const strength = scenario.style.strength ?? 1;
  const names = families(style, scenario.style);
  const unit = unitOf(width, height) * (scenario.style.overrides?.size ?? 1);
  const region = scenario.style.overrides?.position ?? style.position;
  const endsMatter = /active|spoken/.test(style.css);
  const groups = group(prepare(scenario));

  root.adoptedStyleSheets = [BASE, style.css].map((css) => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    return sheet;
  });
  element.style.position = "relative";
  element.style.width = `${width}px`;
  element.style.height = `${height}px`;
  const stage = document.createElement("div");
  stage.className = "stage";
  if (strength === 0) stage.dataset.plain = "";
  set(stage, {
    "--stage-width": `${width}px`,
    "--stage-height": `${height}px`,
    "--unit": `${unit}px`,
    "--strength": strength,
    "--font": familyList(names),
    "--font-han": familyList(hanFirst(names)),
    ...parameterProperties(style, scenario.style),
  });
  root.replaceChildren(stage);

  /** @type {Group | undefined} */
  let mounted;
  /** @type {Map<PreparedCue, HTMLElement>} */
  let elements = new Map();
  /** @type {Map<PreparedCue, import("./motion.js").Schedule>} */
  const schedules = new Map();
  /** @type {Map<Animation, import("./motion.js").Held>} */
  let held = new Map();
  let sought = 0;

  /** @param {Group | undefined} next */
  function mount(next) {
    mounted = next;
    held = new Map();
    elements = new Map(next?.cues.map((cue) => [cue, buildCue(cue, strength)]));
    stage.replaceChildren(...elements.values());
    if (!next) return;
    arrange(
      next.cues.map((cue) => ({
        element: /** @type {HTMLElement} */ (elements.get(cue)),
        region: cue.source.region ?? region,
        start: cue.start,
        end: cue.end,
      })),
      width,
      height,
      unit,
    );
    for (const child of elements.values()) child.hidden = true;
  }

  /**
   * @param {PreparedCue} cue
   * @returns {import("./motion.js").Schedule}
   */
  function schedule(cue) {
    let known = schedules.get(cue);
    if (!known) {
      const child = buildCue(cue, strength);
      child.style.visibility = "hidden";
      stage.append(child);
      known = scheduleOf(child, cue, endsMatter);
      child.remove();
      schedules.set(cue, known);
    }
    return known;
  }

  /** @param {number} now microseconds */
  function show(now) {
    sought = now;
    const next = groups.find((one) => one.start <= now && now < one.end);
    if (next !== mounted) mount(next);
    for (const [cue, child] of elements) {
      child.hidden = !(cue.start <= now && now < cue.end);
      setStates(child, cue, now);
    }
    for (const [cue, child] of elements) takeUp(held, child, cue);
    hold(held, now);
  }

  /** @param {number} t */
  function nextChange(t) {
    const now = micros(t);
    const here = groups.find((one) => one.start <= now && now < one.end);
    if (!here) {
      const next = groups.find((one) => one.start > now);
      return next ? next.start / 1e6 : Infinity;
    }
    let soonest = here.end;
    for (const cue of here.cues) {
      const { moving, instants } = schedule(cue);
      if (moving.some(([start, end]) => start <= now && now < end)) return t;
      for (const at of instants) if (at > now && at < soonest) soonest = at;
    }
    return soonest / 1e6;
  }

  function bounds() {
    const visible = [...elements.values()].filter((child) => !child.hidden);
    if (!visible.length) return null;
    const frame = element.getBoundingClientRect();
    const [across, down] = [frame.width / width, frame.height / height];
    let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
    for (const child of visible) {
      const bleed = Number(getComputedStyle(child).getPropertyValue("--bleed") || 0.3);
      for (const part of [child, ...child.querySelectorAll(".ink, .speaker, .secondary")]) {
        const rect = part.getBoundingClientRect();
        const spare =
          part === child ? 0 : bleed * Number.parseFloat(getComputedStyle(part).fontSize);
        left = Math.min(left, (rect.left - frame.left) / across - spare);
        top = Math.min(top, (rect.top - frame.top) / down - spare);
        right = Math.max(right, (rect.right - frame.left) / across + spare);
        bottom = Math.max(bottom, (rect.bottom - frame.top) / down + spare);
      }
    }
    const x = Math.max(0, Math.floor(left - 1));
    const y = Math.max(0, Math.floor(top - 1));
    return {
      x,
      y,
      width: Math.max(0, Math.min(width, Math.ceil(right + 1)) - x),
      height: Math.max(0, Math.min(height, Math.ceil(bottom + 1)) - y),
    };
  }

  return {
    ready: loadFonts(names, textOf(scenario)).then(() => {
      mount(undefined);
      show(sought);
    }),
    duration: Math.max(0, ...groups.map((one) => one.end)) / 1e6,
    seek: (t) => show(micros(t)),
    nextChange,
    bounds,
    destroy: () => root.replaceChildren(),
  };
}

/**
 * Chinese characters and kana of one design: the face that has both comes first.
 * @param {string[]} names
 */
function hanFirst(names) {
  const han = "Noto Sans JP Variable";
  return [han, ...names.filter((name) => name !== han)];
}

/** @param {Scenario} scenario */
function textOf(scenario) {
  const labels = Object.values(scenario.speakers).map((speaker) => speaker.label);
  const lines = scenario.cues.flatMap((cue) => [
    ...cue.words.map((word) => word.text),
    cue.secondary?.text ?? "",
  ]);
  return [...labels, ...lines].join("");
}

/**
 * The stage: a box of exactly the export's pixels in which one scenario is drawn.
 *
 * @typedef {import("./scenario.js").Scenario} Scenario
 * @typedef {import("./scenario.js").Group} Group
 * @typedef {import("./scenario.js").PreparedCue} PreparedCue
 * @typedef {import("./style.js").Style} Style
 * @typedef {import("./motion.js").Schedule} Schedule
 * @typedef {import("./layout.js").Rectangle} Rectangle
 * @typedef {object} Stage
 * @property {Promise<void>} ready resolves when the fonts are there; rejects naming the missing
 * @property {number} duration seconds, the end of the last cue
 * @property {(t: number) => void} seek puts the exact picture of t (seconds) on the stage
 * @property {(t: number) => number} nextChange the picture is the same on [t, nextChange(t));
 *   t itself while something moves, Infinity when nothing comes any more
 * @property {() => Rectangle | null} bounds whole pixels of the stage outside which nothing is
 *   drawn in the state last sought
 * @property {() => {ink: Rectangle | null, damage: Rectangle | null}} outline the bounds, and
 *   whole pixels outside which the picture is the same as when this was last asked
 * @property {() => void} destroy
 */
import { buildCue, set } from "./cue.js";
import { loadFonts } from "./fonts.js";
import { around, different, inkBoxes } from "./ink.js";
import { arrange, unitOf } from "./layout.js";
import { changeAfter, hold, scheduleOf, setStates, takeUp } from "./motion.js";
import { group, micros, prepare } from "./scenario.js";
import { BASE } from "./sheet.js";
import { families, familyList, parameterProperties } from "./style.js";

/**
 * @typedef {object} Setting what stays the same for the life of a stage
 * @property {HTMLElement} stage the element that cues stand in
 * @property {number} width px
 * @property {number} height px
 * @property {number} unit px that type is sized by
 * @property {number} strength 0 plain .. 1 full
 * @property {import("./scenario.js").Region} region of cues that name none
 *
 * @param {HTMLElement} element becomes the stage; what it held is hidden by it
 * @param {{style: Style, scenario: Scenario, width: number, height: number}} what
 * @returns {Stage}
 */
export function createStage(element, { style, scenario, width, height }) {
  const names = families(style, scenario.style);
  const setting = setUp(element, style, scenario.style, names, width, height);
  const groups = group(prepare(scenario));
  const schedule = scheduler(setting, /active|spoken/.test(style.css));
  /** @type {Group | undefined} */
  let mounted;
  /** @type {Map<PreparedCue, HTMLElement>} */
  let elements = new Map();
  /** @type {Map<Animation, import("./motion.js").Held>} */
  let held = new Map();
  let sought = 0;
  /** @type {Map<Element, import("./layout.js").Box>} what outline found last */
  let outlined = new Map();
  /** @type {Set<Element>} since then */
  let touched = new Set();
  let others = false; // cues other than then are shown, or were in between

  /** @param {Group | undefined} next */
  function mount(next) {
    mounted = next;
    others = true;
    held = new Map();
    elements = next ? place(next, setting) : new Map();
    if (!next) setting.stage.replaceChildren();
  }

  /** @param {number} now microseconds */
  function show(now) {
    sought = now;
    const next = groups.find((one) => one.start <= now && now < one.end);
    if (next !== mounted) mount(next);
    let shown = false;
    for (const [cue, child] of elements) {
      const hidden = !(cue.start <= now && now < cue.end);
      if (hidden === child.hidden) continue;
      child.hidden = hidden;
      shown = true;
    }
    others ||= shown;
    // a state brings animations, and so does a cue that comes into view
    const fresh = [...elements].filter(([cue, child]) => setStates(child, cue, now, touched));
    for (const [cue, child] of shown ? elements : fresh) takeUp(held, child, cue);
    hold(held, now, touched);
  }

  function boxes() {
    const shown = [...elements.values()].filter((child) => !child.hidden);
    return inkBoxes(setting.stage, shown, width, height);
  }

  function outline() {
    const [before, after] = [outlined, boxes()];
    const all = [...after.values()];
    const changed = others ? [...before.values(), ...all] : different(before, after, touched);
    [outlined, touched, others] = [after, new Set(), false];
    return { ink: around(all, width, height), damage: around(changed, width, height) };
  }

  return {
    ready: loadFonts(names, textOf(scenario)).then(() => {
      mount(undefined);
      show(sought);
    }),
    duration: Math.max(0, ...groups.map((one) => one.end)) / 1e6,
    seek: (t) => show(micros(t)),
    nextChange: (t) => changeAfter(t, groups, schedule),
    bounds: () => around([...boxes().values()], width, height),
    outline,
    destroy: () => {
      mount(undefined);
      setting.stage.remove();
    },
  };
}

/**
 * Makes the element a stage of the style with nothing on it.
 * @param {HTMLElement} element
 * @param {Style} style
 * @param {import("./scenario.js").Choice} choice
 * @param {string[]} names of font families
 * @param {number} width px
 * @param {number} height px
 * @returns {Setting}
 */
function setUp(element, style, choice, names, width, height) {
  const root = element.shadowRoot ?? element.attachShadow({ mode: "open" });
  root.adoptedStyleSheets = [BASE, style.css].map((css) => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    return sheet;
  });
  Object.assign(element.style, {
    position: "relative",
    width: `${width}px`,
    height: `${height}px`,
  });
  const strength = choice.strength ?? 1;
  const unit = unitOf(width, height) * (choice.overrides?.size ?? 1);
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
    ...parameterProperties(style, choice),
  });
  root.replaceChildren(stage);
  const region = choice.overrides?.position ?? style.position;
  return { stage, width, height, unit, strength, region };
}

/**
 * Puts a group's cues on the stage, each where it will stand, all still hidden.
 * @param {Group} group
 * @param {Setting} setting
 * @returns {Map<PreparedCue, HTMLElement>}
 */
function place(group, { stage, width, height, unit, strength, region }) {
  const elements = new Map(group.cues.map((cue) => [cue, buildCue(cue, strength)]));
  stage.replaceChildren(...elements.values());
  const placed = [...elements].map(([cue, element]) => ({
    element,
    region: cue.source.region ?? region,
    start: cue.start,
    end: cue.end,
  }));
  arrange(placed, width, height, unit);
  for (const child of elements.values()) child.hidden = true;
  return elements;
}

/**
 * A function that tells a cue's schedule, found out once by trying the cue on unseen.
 * @param {Setting} setting
 * @param {boolean} endsMatter whether the style tells a spoken word from an active one
 * @returns {(cue: PreparedCue) => Schedule}
 */
function scheduler({ stage, strength }, endsMatter) {
  /** @type {Map<PreparedCue, Schedule>} */
  const known = new Map();
  return (cue) => {
    let schedule = known.get(cue);
    if (!schedule) {
      const trial = buildCue(cue, strength);
      trial.style.visibility = "hidden";
      stage.append(trial);
      schedule = scheduleOf(trial, cue, endsMatter);
      trial.remove();
      known.set(cue, schedule);
    }
    return schedule;
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

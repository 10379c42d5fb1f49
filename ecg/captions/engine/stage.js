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
 * @property {() => import("./ink.js").Outline} outline of the state last sought, to be compared
 *   with others of the same scenario by damageBetween
 * @property {() => void} destroy
 */
import { buildCue, set } from "./cue.js";
import { loadFonts } from "./fonts.js";
import { inkBoxes, outlineOf } from "./ink.js";
import { arrange, unitOf } from "./layout.js";
import { changeAfter, hold, letGo, poses, scheduleOf, setStates, takeUp } from "./motion.js";
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
 * @typedef {object} Shared what stages of one scenario need find out only once
 * @property {Group[]} groups
 * @property {(cue: PreparedCue) => Schedule} schedule
 * @property {{group: Group, elements: HTMLElement[]} | null} placed cues last placed, unstarted
 *
 * @typedef {{style: Style, scenario: Scenario, width: number, height: number}} What
 */

/**
 * @param {HTMLElement} element becomes the stage; what it held is hidden by it
 * @param {What} what
 * @returns {Stage}
 */
export function createStage(element, what) {
  return createStages([element], what)[0];
}

/**
 * Several stages of one scenario, each with a time of its own.
 * @param {HTMLElement[]} elements
 * @param {What} what
 * @returns {Stage[]}
 */
export function createStages(elements, { style, scenario, width, height }) {
  const names = families(style, scenario.style);
  const settings = elements.map((one) => setUp(one, style, scenario.style, names, width, height));
  const ends = /active|spoken/.test(style.css);
  const starts = ends || /data-state|data-current/.test(style.css);
  const schedule = scheduler(settings[0], { starts, ends });
  const shared = { groups: group(prepare(scenario)), schedule, placed: null };
  const fonts = loadFonts(names, textOf(scenario));
  return settings.map((setting) => stageOf(setting, shared, fonts));
}

/**
 * @param {Setting} setting
 * @param {Shared} shared
 * @param {Promise<void>} fonts
 * @returns {Stage}
 */
function stageOf(setting, shared, fonts) {
  const { width, height } = setting;
  const { groups, schedule } = shared;
  /** @type {Group | undefined} */
  let mounted;
  /** @type {Map<PreparedCue, HTMLElement>} */
  let elements = new Map();
  /** @type {Map<Animation, import("./motion.js").Held>} */
  let held = new Map();
  let sought = 0;

  /** @param {Group | undefined} next */
  function mount(next) {
    mounted = next;
    held = new Map();
    elements = next ? place(next, setting, shared) : new Map();
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
      if (hidden) letGo(held, child);
      shown = true;
    }
    const fresh = [...elements].filter(([cue, child]) => setStates(child, cue, now));
    // a cue that comes into view brings animations, and in some styles so does a state
    const brought = shown ? [...elements] : fresh.filter(([cue]) => !schedule(cue).steady);
    for (const [cue, child] of brought) takeUp(held, child, cue);
    const steady = [...elements.keys()].every((cue) => schedule(cue).steady);
    hold(held, now, steady);
  }

  function outline() {
    const shown = [...elements].filter(([, child]) => !child.hidden);
    const boxes = inkBoxes(setting.stage, shown.map(([, child]) => child), width, height);
    const ids = shown.map(([cue]) => cue.source.id).join(" ");
    return outlineOf(boxes, poses(held, sought), ids, width, height);
  }

  return {
    ready: fonts.then(() => {
      mount(undefined);
      show(sought);
    }),
    duration: Math.max(0, ...groups.map((one) => one.end)) / 1e6,
    seek: (t) => show(micros(t)),
    nextChange: (t) => changeAfter(t, groups, schedule),
    bounds: () => outline().ink,
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
    "--font-japanese": familyList(hanFirst("Noto Sans JP Variable", names)),
    "--font-chinese": familyList(hanFirst("Noto Sans SC Variable", names)),
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
 * @param {Shared} shared
 * @returns {Map<PreparedCue, HTMLElement>}
 */
function place(group, setting, shared) {
  const known = shared.placed?.group === group ? shared.placed.elements : null;
  const elements = known ? copies(known) : group.cues.map((cue) => buildCue(cue, setting.strength));
  setting.stage.replaceChildren(...elements);
  if (!known) {
    const placed = group.cues.map((cue, index) => ({
      element: elements[index],
      region: cue.source.region ?? setting.region,
      start: cue.start,
      end: cue.end,
    }));
    arrange(placed, setting.width, setting.height, setting.unit);
    for (const element of elements) element.hidden = true;
    shared.placed = { group, elements: copies(elements) };
  }
  return new Map(group.cues.map((cue, index) => [cue, elements[index]]));
}

/** @param {HTMLElement[]} elements */
function copies(elements) {
  return elements.map((one) => /** @type {HTMLElement} */ (one.cloneNode(true)));
}

/**
 * A function that tells a cue's schedule, found out once by trying the cue on unseen.
 * @param {Setting} setting
 * @param {{starts: boolean, ends: boolean}} matter as in scheduleOf
 * @returns {(cue: PreparedCue) => Schedule}
 */
function scheduler({ stage, strength }, matter) {
  /** @type {Map<PreparedCue, Schedule>} */
  const known = new Map();
  return (cue) => {
    let schedule = known.get(cue);
    if (!schedule) {
      const trial = buildCue(cue, strength);
      trial.style.visibility = "hidden";
      stage.append(trial);
      schedule = scheduleOf(trial, cue, matter);
      trial.remove();
      known.set(cue, schedule);
    }
    return schedule;
  };
}

/**
 * Chinese characters of one design, and as the language writes them, with its kana or Latin.
 * @param {string} han the face that has them
 * @param {string[]} names
 */
function hanFirst(han, names) {
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

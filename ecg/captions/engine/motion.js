/**
 * A cue in time: states of its words, and its CSS animations held at a time of our choosing.
 *
 * @typedef {import("./scenario.js").PreparedCue} PreparedCue
 * @typedef {{origin: number, start: number, end: number, phase: string}} Held an animation's
 *   zero, its moving span (microseconds of the scenario) and where it was last put
 * @typedef {object} Schedule
 * @property {[number, number][]} moving microseconds of the scenario in which something moves
 * @property {number[]} instants microseconds of the scenario at which something changes
 * @property {boolean} steady whether each state of its words has the same animations
 */
import { micros } from "./scenario.js";

/** Just after the moment asked for, so that what begins then has begun; ms. */
const AFTER = 0.0005;

/**
 * @param {HTMLElement} element of the cue
 * @param {PreparedCue} cue
 * @param {number} now microseconds
 * @returns {boolean} whether a word is in another state than before
 */
export function setStates(element, cue, now) {
  const words = element.querySelectorAll(".word");
  const current = cue.words.findLastIndex((word) => word.start <= now);
  let any = false;
  cue.words.forEach((word, index) => {
    const state = now < word.start ? "upcoming" : now < word.end ? "active" : "spoken";
    const target = /** @type {HTMLElement} */ (words[index]);
    const isCurrent = index === current;
    if (target.dataset.state === state && target.hasAttribute("data-current") === isCurrent) return;
    target.dataset.state = state;
    target.toggleAttribute("data-current", isCurrent);
    any = true;
  });
  return any;
}

/**
 * Takes up the animations that a cue has now and had not before.
 * @param {Map<Animation, Held>} held
 * @param {HTMLElement} element of the cue
 * @param {PreparedCue} cue
 */
export function takeUp(held, element, cue) {
  for (const animation of element.getAnimations({ subtree: true })) {
    if (!held.has(animation)) held.set(animation, { ...spanOf(animation, cue), phase: "new" });
  }
}

/**
 * Forgets the animations of a cue that goes out of view: the browser has cancelled them, and they
 * would come back if they were given a time.
 * @param {Map<Animation, Held>} held
 * @param {HTMLElement} element of the cue
 */
export function letGo(held, element) {
  for (const animation of held.keys()) {
    const { target } = /** @type {KeyframeEffect} */ (animation.effect);
    if (element.contains(target)) held.delete(animation);
  }
}

/**
 * Holds animations (which the base sheet has paused) at a time. One that a changed state took
 * off its element is idle, and would come back if it were given a time. All are asked before
 * any is set, and none is set that shows the same: the browser works out styles anew for each.
 * @param {Map<Animation, Held>} held
 * @param {number} now microseconds
 * @param {boolean} steady whether no state takes an animation off; to ask costs as much as to set
 */
export function hold(held, now, steady) {
  const there = steady ? [...held] : [...held].filter(([one]) => one.playState !== "idle");
  for (const [animation, span] of there) {
    const phase = now < span.start ? "before" : now < span.end ? "in" : "after";
    if (phase === span.phase && phase !== "in") continue;
    span.phase = phase;
    animation.currentTime = (now - span.origin) / 1000 + AFTER;
    const { target } = /** @type {KeyframeEffect} */ (animation.effect);
    repaint(target);
  }
}

/**
 * Has an element painted anew, by a colour of which nothing is seen. The browser leaves what is
 * moved by less than about a hundredth of a pixel as it was, so that the end of a motion would
 * look as the moment shown before it, whichever that was.
 * @param {Element | null} element
 */
function repaint(element) {
  if (!(element instanceof HTMLElement)) return;
  element.style.caretColor = element.style.caretColor === "red" ? "blue" : "red";
}

/**
 * What is told of every element that is animated by where its animations were put: two that are
 * told alike look alike.
 * @param {Map<Animation, Held>} held
 * @param {number} now microseconds at which they are held
 * @returns {Map<Element, string>}
 */
export function poses(held, now) {
  /** @type {Map<Element, string[]>} */
  const found = new Map();
  for (const [animation, { phase, origin }] of held) {
    const { target, pseudoElement } = /** @type {KeyframeEffect} */ (animation.effect);
    if (!target || animation.playState === "idle") continue;
    const { animationName } = /** @type {CSSAnimation} */ (animation);
    const pose = `${pseudoElement} ${animationName} ${phase === "in" ? now - origin : phase}`;
    found.set(target, [...(found.get(target) ?? []), pose].sort());
  }
  return new Map([...found].map(([target, all]) => [target, all.join()]));
}

/**
 * From when to when an animation moves, in microseconds of the scenario.
 * @param {Animation} animation
 * @param {PreparedCue} cue
 */
function spanOf(animation, cue) {
  const timing = animation.effect?.getComputedTiming();
  const delay = Number(timing?.delay ?? 0) * 1000;
  const length = Number(timing?.activeDuration ?? 0) * 1000;
  const start = cue.start + Math.round(delay);
  return { origin: cue.start, start, end: Math.max(start, cue.start + Math.ceil(delay + length)) };
}

/**
 * When a cue can change. Its animations are looked up in each state that a word can have, so
 * that those count too which a state brings.
 * @param {HTMLElement} element on the stage
 * @param {PreparedCue} cue
 * @param {{starts: boolean, ends: boolean}} matter whether the style tells a word that is yet to
 *   come from others, and a spoken one from an active one
 * @returns {Schedule}
 */
export function scheduleOf(element, cue, matter) {
  const instants = new Set([cue.start, cue.end]);
  for (const word of cue.words) {
    if (matter.starts) instants.add(word.start);
    if (matter.ends) instants.add(word.end);
  }
  /** @type {Map<string, [number, number]>} */
  const moving = new Map();
  /** @type {{animations: Animation[], spans: string}[]} */
  const states = [];
  for (const now of [-Infinity, ...cue.words.map((word) => word.start), Infinity]) {
    setStates(element, cue, now);
    const animations = element.getAnimations({ subtree: true });
    const spans = animations.map((animation) => spanOf(animation, cue));
    states.push({ animations, spans: JSON.stringify(spans) });
    for (const span of spans) {
      const [start, end] = [span.start, Math.min(span.end, cue.end)];
      if (end > start) moving.set(`${start} ${end}`, [start, end]);
      instants.add(start).add(end);
    }
  }
  const [first, ...others] = states;
  return {
    moving: [...moving.values()],
    instants: [...instants].filter((at) => at >= cue.start && at <= cue.end),
    steady: others.every(
      ({ animations, spans }) =>
        spans === first.spans && animations.every((one, index) => one === first.animations[index]),
    ),
  };
}

/**
 * The next time at which the picture can differ from the one at t; t while something moves.
 * @param {number} t seconds
 * @param {import("./scenario.js").Group[]} groups
 * @param {(cue: PreparedCue) => Schedule} schedule
 * @returns {number} seconds, Infinity when nothing comes any more
 */
export function changeAfter(t, groups, schedule) {
  const now = micros(t);
  const here = groups.find((one) => now < one.end);
  if (!here) return Infinity;
  if (now < here.start) return firstOf(here.start);
  const schedules = here.cues.map(schedule);
  const moves = schedules.some(({ moving }) =>
    moving.some(([start, end]) => start <= now && now < end),
  );
  if (moves) return t;
  const later = schedules.flatMap(({ instants }) => instants).filter((at) => at > now);
  return firstOf(Math.min(here.end, ...later));
}

/**
 * The first time that is taken for a moment: half a microsecond before it, or a frame just there
 * would be counted to what stood before and drawn with what comes.
 * @param {number} at microseconds
 * @returns {number} seconds
 */
function firstOf(at) {
  let t = (at - 0.5) / 1e6;
  while (micros(t) < at) t *= 1 + Number.EPSILON;
  return t;
}

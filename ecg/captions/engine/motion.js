/**
 * A cue in time: states of its words, and its CSS animations held at a time of our choosing.
 *
 * @typedef {import("./scenario.js").PreparedCue} PreparedCue
 * @typedef {{origin: number, start: number, end: number, phase: string}} Held an animation's
 *   zero, its moving span (microseconds of the scenario) and where it was last put
 * @typedef {{moving: [number, number][], instants: number[]}} Schedule microseconds of the
 *   scenario: spans in which something moves, and moments at which something changes
 */
import { micros } from "./scenario.js";

/** Just after the moment asked for, so that what begins then has begun; ms. */
const AFTER = 0.0005;

/**
 * @param {HTMLElement} element of the cue
 * @param {PreparedCue} cue
 * @param {number} now microseconds
 * @param {Set<Element>} touched gets the words that are in another state than before
 * @returns {boolean} whether there are any
 */
export function setStates(element, cue, now, touched = new Set()) {
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
    touched.add(target);
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
 * Holds animations (which the base sheet has paused) at a time. One that a changed state took
 * off its element is idle, and would come back if it were given a time. All are asked before
 * any is set, and none is set that shows the same: the browser works out styles anew for each.
 * @param {Map<Animation, Held>} held
 * @param {number} now microseconds
 * @param {Set<Element>} touched gets the elements that are moved
 */
export function hold(held, now, touched) {
  for (const [animation, span] of [...held].filter(([one]) => one.playState !== "idle")) {
    const phase = now < span.start ? "before" : now < span.end ? "in" : "after";
    if (phase === span.phase && phase !== "in") continue;
    span.phase = phase;
    animation.currentTime = (now - span.origin) / 1000 + AFTER;
    const { target } = /** @type {KeyframeEffect} */ (animation.effect);
    repaint(target);
    if (target) touched.add(target);
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
 * @param {boolean} endsMatter whether the style tells a spoken word from an active one
 * @returns {Schedule}
 */
export function scheduleOf(element, cue, endsMatter) {
  const instants = new Set([cue.start, cue.end]);
  for (const word of cue.words) {
    instants.add(word.start);
    if (endsMatter) instants.add(word.end);
  }
  /** @type {Map<string, [number, number]>} */
  const moving = new Map();
  for (const now of [-Infinity, ...cue.words.map((word) => word.start), Infinity]) {
    setStates(element, cue, now);
    for (const animation of element.getAnimations({ subtree: true })) {
      const span = spanOf(animation, cue);
      const [start, end] = [span.start, Math.min(span.end, cue.end)];
      if (end > start) moving.set(`${start} ${end}`, [start, end]);
      instants.add(start).add(end);
    }
  }
  return {
    moving: [...moving.values()],
    instants: [...instants].filter((at) => at >= cue.start && at <= cue.end),
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

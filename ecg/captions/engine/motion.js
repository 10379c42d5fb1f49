/**
 * A cue in time: states of its words, and its CSS animations held at a time of our choosing.
 *
 * @typedef {import("./scenario.js").PreparedCue} PreparedCue
 * @typedef {{moving: [number, number][], instants: number[]}} Schedule microseconds of the
 *   scenario: spans in which something moves, and moments at which something changes
 */

/** Just after the moment asked for, so that what begins then has begun; ms. */
const AFTER = 0.0005;

/**
 * @param {HTMLElement} element of the cue
 * @param {PreparedCue} cue
 * @param {number} now microseconds
 */
export function setStates(element, cue, now) {
  const words = element.querySelectorAll(".word");
  cue.words.forEach((word, index) => {
    const state = now < word.start ? "upcoming" : now < word.end ? "active" : "spoken";
    const target = /** @type {HTMLElement} */ (words[index]);
    if (target.dataset.state !== state) target.dataset.state = state;
  });
}

/**
 * Holds animations at a time since the cue's start. One that a changed state took off its
 * element is idle, and would come back if it were given a time.
 * @param {Iterable<Animation>} animations
 * @param {number} elapsed microseconds
 */
export function hold(animations, elapsed) {
  for (const animation of animations) {
    if (animation.playState === "idle") continue;
    animation.pause();
    animation.currentTime = elapsed / 1000 + AFTER;
  }
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
      const timing = animation.effect?.getComputedTiming();
      const delay = Number(timing?.delay ?? 0) * 1000;
      const length = Number(timing?.activeDuration ?? 0) * 1000;
      const start = cue.start + Math.round(delay);
      const end = Math.min(cue.end, cue.start + Math.ceil(delay + length));
      if (end > start) moving.set(`${start} ${end}`, [start, end]);
      instants.add(start).add(end);
    }
  }
  return {
    moving: [...moving.values()],
    instants: [...instants].filter((at) => at >= cue.start && at <= cue.end),
  };
}

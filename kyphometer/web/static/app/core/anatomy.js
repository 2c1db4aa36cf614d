/** Vertebral levels, cranial to caudal, as in kyphometer.anatomy. */

/** @type {readonly string[]} */
export const LEVELS = Object.freeze([
  ...['C1', 'C2', 'C3', 'C4', 'C5', 'C6', 'C7'],
  ...['T1', 'T2', 'T3', 'T4', 'T5', 'T6', 'T7', 'T8', 'T9', 'T10', 'T11', 'T12', 'T13'],
  ...['L1', 'L2', 'L3', 'L4', 'L5', 'L6', 'S1'],
]);

const VARIANTS = new Set(['T13', 'L6']);

/** @typedef {'superior'|'inferior'} Side */
/** @type {readonly Side[]} */
export const SIDES = Object.freeze(['superior', 'inferior']);

/** @param {string} level @returns {number} */
export function orderOf(level) {
  return LEVELS.indexOf(level);
}

/** @param {string} a @param {string} b */
export function byLevel(a, b) {
  return orderOf(a) - orderOf(b);
}

/** Levels of this person: T13 and L6 only if they are among `marked`.
 * @param {Iterable<string>} marked @returns {string[]} */
export function spine(marked = []) {
  const present = new Set(marked);
  return LEVELS.filter((level) => !VARIANTS.has(level) || present.has(level));
}

/** Level `offset` places caudal (negative: cranial), or null beyond C1 or S1.
 * @param {string} level @param {number} offset @param {Iterable<string>} marked
 * @returns {?string} */
export function neighbour(level, offset, marked = []) {
  const levels = spine([...marked, level]);
  return levels[levels.indexOf(level) + offset] ?? null;
}

/** Endplates a level has (S1 has no disc below).
 * @param {string} level @returns {readonly Side[]} */
export function sidesOf(level) {
  return level === 'S1' ? ['superior'] : SIDES;
}

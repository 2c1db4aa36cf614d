/**
 * Live angles from the document alone, shown until the server has answered for this document.
 * @typedef {import('./document.js').Reading} Reading
 * @typedef {import('./geometry.js').Facing} Facing
 * @typedef {{level: string, endplate: import('./anatomy.js').Side}} EndplateRef
 * @typedef {{code: string, upper: EndplateRef, lower: EndplateRef}} Pair
 */
import { neighbour, sidesOf, spine } from './anatomy.js';
import { endplateOf, endplatesOf, forwards, isComplete, UP } from './document.js';
import { endplateVector, signedAngleDeg } from './geometry.js';
import { blocks } from './plan.js';

/** Where anterior lies when the head is up: as stored, as the film's header says, or else as most marks say.
 * @param {Reading} reading @param {?Facing} [filmFacing]
 * @param {import('./geometry.js').Point} [up] where the head is on the film @returns {?Facing} */
export function facingOf(reading, filmFacing = null, up = UP) {
  if (reading.facing || filmFacing) return reading.facing ?? filmFacing;
  let votes = 0;
  for (const { plate, complete } of endplatesOf(reading)) {
    if (!complete) continue;
    votes += Math.sign(forwards(plate, up));
  }
  return votes === 0 ? null : votes > 0 ? 'right' : 'left';
}

/** Where anterior is on the film: as the marks say, else by the facing of a film with the head up.
 * @param {Reading} reading @param {?Facing} facing @returns {?import('./geometry.js').Point} */
export function forwardOf(reading, facing) {
  let [x, y] = [0, 0];
  for (const { plate, complete } of endplatesOf(reading)) {
    if (!complete) continue;
    x += /** @type {any} */ (plate.anterior).xy[0] - /** @type {any} */ (plate.posterior).xy[0];
    y += /** @type {any} */ (plate.anterior).xy[1] - /** @type {any} */ (plate.posterior).xy[1];
  }
  if (x !== 0 || y !== 0) return [x, y];
  return facing ? [facing === 'right' ? 1 : -1, 0] : null;
}

/** The VKA of each fractured level and one RKA for each run of fractured levels.
 * @param {Reading} reading @returns {Pair[]} */
export function pairsOf(reading) {
  const marked = Object.keys(reading.vertebrae);
  /** @type {Pair[]} */
  const pairs = [];
  for (const run of blocks(reading.fractured_levels, marked)) {
    for (const level of run) {
      if (level === 'S1') continue;
      pairs.push({
        code: 'VKA',
        upper: { level, endplate: 'superior' },
        lower: { level, endplate: 'inferior' },
      });
    }
    const above = beside(reading, run[0], -1);
    const below = beside(reading, run[run.length - 1], 1);
    if (above && below && sidesOf(below).includes('inferior')) {
      pairs.push({
        code: 'RKA',
        upper: { level: above, endplate: 'superior' },
        lower: { level: below, endplate: 'inferior' },
      });
    }
  }
  return pairs;
}

/** The level beside a fracture: the next intact marked one where the reader chose that, else the nearest.
 * @param {Reading} reading @param {string} edge @param {1|-1} step @returns {?string} */
function beside(reading, edge, step) {
  const marked = Object.keys(reading.vertebrae);
  const nearest = neighbour(edge, step, marked);
  if (!reading.next_intact) return nearest;
  const column = spine([...marked, ...reading.fractured_levels]);
  const outwards = step > 0 ? column.slice(column.indexOf(edge) + 1) : column.slice(0, column.indexOf(edge)).reverse();
  return outwards.find((level) => reading.vertebrae[level] && !reading.fractured_levels.includes(level)) ?? nearest;
}

/** Angle of a pair of endplates, or null while one of them is not complete.
 * @param {Reading} reading @param {{upper: EndplateRef, lower: EndplateRef}} pair
 * @param {import('./geometry.js').PixelGeometry} geometry @param {?Facing} facing
 * @returns {?number} */
export function angleOf(reading, pair, geometry, facing) {
  const upper = endplateOf(reading, pair.upper.level, pair.upper.endplate);
  const lower = endplateOf(reading, pair.lower.level, pair.lower.endplate);
  if (!upper || !lower || !isComplete(upper) || !isComplete(lower) || !facing) return null;
  const vector = (/** @type {any} */ plate) =>
    endplateVector(plate.anterior.xy, plate.posterior.xy, geometry);
  return signedAngleDeg(vector(upper), vector(lower), facing);
}

/** `L1.superior` as a reference. @param {string} name @returns {EndplateRef} */
export function parseEndplate(name) {
  const [level, endplate] = name.split('.');
  return { level, endplate: /** @type {any} */ (endplate) };
}

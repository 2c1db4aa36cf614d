/**
 * The reading document (kyphometer-reading 1) as an immutable value: every change returns a new one.
 * In a draft an endplate may lack corners.
 * @typedef {import('./geometry.js').Point} Point
 * @typedef {import('./geometry.js').Facing} Facing
 * @typedef {import('./anatomy.js').Side} Side
 * @typedef {'anterior'|'middle'|'posterior'} Corner
 * @typedef {{xy: Point, source?: string, covariance?: number[][], raw?: Point, method?: string,
 *   note?: string}} Mark
 * @typedef {{anterior: ?Mark, middle: ?Mark, posterior: ?Mark}} Endplate
 * @typedef {{level: string, endplate: Side, corner: Corner}} CornerRef
 * @typedef {{superior: ?Endplate, inferior: ?Endplate}} Vertebra
 * @typedef {{level: string, endplate: Side, reason: string}} NotMeasurable
 * @typedef {{format: string, version: number, film?: object, facing?: ?Facing,
 *   fractured_levels: string[], vertebrae: Object<string, Vertebra>,
 *   not_measurable: NotMeasurable[], comment?: string, carried_over?: object, corner_rule?: string, consensus?: object, known_size?: object, next_intact?: boolean, draft?: Object<string, any>}} Reading
 */
import { byLevel, neighbour, SIDES, sidesOf } from './anatomy.js';

/** @type {readonly Corner[]} */
export const CORNERS = Object.freeze(['anterior', 'middle', 'posterior']);

/** @param {?object} film reference of the film, as the server gave it @returns {Reading} */
export function emptyReading(film) {
  return {
    format: 'kyphometer-reading',
    version: 1,
    ...(film ? { film } : {}),
    fractured_levels: [],
    vertebrae: {},
    not_measurable: [],
  };
}

/** The document with the members this page relies on present.
 * @param {any} document @returns {Reading} */
export function normalised(document) {
  return {
    ...document,
    fractured_levels: document.fractured_levels ?? [],
    vertebrae: document.vertebrae ?? {},
    not_measurable: document.not_measurable ?? [],
  };
}

/** @param {CornerRef} ref */
export function keyOf(ref) {
  return `${ref.level}.${ref.endplate}.${ref.corner}`;
}

/** @param {string} key @returns {CornerRef} */
export function refOf(key) {
  const [level, endplate, corner] = key.split('.');
  return { level, endplate: /** @type {Side} */ (endplate), corner: /** @type {Corner} */ (corner) };
}

/** @param {Reading} reading @param {string} level @param {Side} side @returns {?Endplate} */
export function endplateOf(reading, level, side) {
  return reading.vertebrae[level]?.[side] ?? null;
}

/** @param {Reading} reading @param {CornerRef} ref @returns {?Mark} */
export function markOf(reading, ref) {
  return endplateOf(reading, ref.level, ref.endplate)?.[ref.corner] ?? null;
}

/** @param {?Endplate} plate */
export function isComplete(plate) {
  return Boolean(plate && plate.anterior && plate.posterior);
}

/** @param {Reading} reading @returns {string[]} marked levels, cranial to caudal */
export function levelsOf(reading) {
  return Object.keys(reading.vertebrae).sort(byLevel);
}

/** Every placed corner, cranial to caudal.
 * @param {Reading} reading @returns {(CornerRef & {mark: Mark, key: string})[]} */
export function cornersOf(reading) {
  const found = [];
  for (const level of levelsOf(reading)) {
    for (const endplate of SIDES) {
      for (const corner of CORNERS) {
        const mark = markOf(reading, { level, endplate, corner });
        if (mark) found.push({ level, endplate, corner, mark, key: `${level}.${endplate}.${corner}` });
      }
    }
  }
  return found;
}

/** Every endplate that has at least one corner.
 * @param {Reading} reading
 * @returns {{level: string, endplate: Side, plate: Endplate, complete: boolean}[]} */
export function endplatesOf(reading) {
  const found = [];
  for (const level of levelsOf(reading)) {
    for (const endplate of SIDES) {
      const plate = endplateOf(reading, level, endplate);
      if (plate) found.push({ level, endplate, plate, complete: isComplete(plate) });
    }
  }
  return found;
}

/** @param {Reading} reading @param {string} level @param {Side} side @param {?Endplate} plate
 * @returns {Reading} */
function withEndplate(reading, level, side, plate) {
  const kept = plate && (plate.anterior || plate.middle || plate.posterior) ? plate : null;
  const before = reading.vertebrae[level] ?? { superior: null, inferior: null };
  const vertebra = { ...before, [side]: kept };
  const vertebrae = { ...reading.vertebrae, [level]: vertebra };
  if (!vertebra.superior && !vertebra.inferior) delete vertebrae[level];
  return { ...reading, vertebrae };
}

/** @param {Reading} reading @param {CornerRef} ref @param {?Mark} mark @returns {Reading} */
export function withCorner(reading, ref, mark) {
  const blank = { anterior: null, middle: null, posterior: null };
  const plate = endplateOf(reading, ref.level, ref.endplate) ?? blank;
  const placed = mark ? withoutReason(reading, ref.level, ref.endplate) : reading;
  return withEndplate(placed, ref.level, ref.endplate, { ...plate, [ref.corner]: mark });
}

/** A corner the observer puts somewhere by hand: what the image said before no longer holds.
 * @param {Point} xy @returns {Mark} */
export function handMark(xy) {
  return { xy: [round(xy[0]), round(xy[1])], source: 'hand' };
}

const round = (/** @type {number} */ value) => Math.round(value * 1000) / 1000;

/** @param {Reading} reading @param {string} level @param {Side} side */
function withoutReason(reading, level, side) {
  const rest = reading.not_measurable.filter((n) => n.level !== level || n.endplate !== side);
  return rest.length === reading.not_measurable.length
    ? reading
    : { ...reading, not_measurable: rest };
}

/** State that an endplate cannot be measured (removes its marks), or take that back with null.
 * @param {Reading} reading @param {string} level @param {Side} side @param {?string} reason
 * @returns {Reading} */
export function withNotMeasurable(reading, level, side, reason) {
  const cleared = withoutReason(reading, level, side);
  if (reason === null) return cleared;
  const bare = withEndplate(cleared, level, side, null);
  const entry = { level, endplate: side, reason };
  const all = [...bare.not_measurable, entry].sort((a, b) => byLevel(a.level, b.level));
  return { ...bare, not_measurable: all };
}

/** @param {Reading} reading @param {string[]} levels @returns {Reading} */
export function withFractured(reading, levels) {
  return { ...reading, fractured_levels: [...new Set(levels)].sort(byLevel) };
}

/** @param {Reading} reading @param {string} level @returns {Reading} without that vertebra */
export function withoutVertebra(reading, level) {
  const vertebrae = { ...reading.vertebrae };
  delete vertebrae[level];
  return { ...reading, vertebrae };
}

/** @param {Endplate} plate @returns {Endplate} anterior and posterior exchanged */
function swapped(plate) {
  return { ...plate, anterior: plate.posterior, posterior: plate.anterior };
}

/** Where the head is on most films. @type {Point} */
export const UP = [0, -1];

/** Where the head is on this film by its marks, from the most caudal complete endplate to the most cranial
 * one; null below two. @param {Reading} reading @returns {?Point} */
export function upOf(reading) {
  const plates = endplatesOf(reading).filter((e) => e.complete).map((e) => /** @type {any} */ (e.plate));
  if (plates.length < 2) return null;
  const twice = (/** @type {any} */ plate, /** @type {number} */ i) => plate.anterior.xy[i] + plate.posterior.xy[i];
  const [first, last] = [plates[0], plates[plates.length - 1]];
  return [twice(first, 0) - twice(last, 0), twice(first, 1) - twice(last, 1)];
}

/** How far anterior lies to the right of posterior for somebody who sees the head up.
 * @param {any} plate @param {Point} up where the head is on the film */
export function forwards(plate, up) {
  const [dx, dy] = [plate.anterior.xy[0] - plate.posterior.xy[0], plate.anterior.xy[1] - plate.posterior.xy[1]];
  return dy * up[0] - dx * up[1];
}

/** Anterior put on the side where the patient faces, whatever was clicked first.
 * @param {Reading} reading @param {string} level @param {Side} side @param {?Facing} facing
 * @param {Point} [up] where the head is on the film @returns {Reading} */
export function canonical(reading, level, side, facing, up = UP) {
  const plate = endplateOf(reading, level, side);
  if (!plate || !plate.anterior || !plate.posterior || !facing) return reading;
  const along = forwards(plate, up);
  const wrong = facing === 'right' ? along < 0 : along > 0;
  return wrong ? withEndplate(reading, level, side, swapped(plate)) : reading;
}

/** The patient faces the other way: anterior and posterior of every endplate are exchanged.
 * @param {Reading} reading @param {Facing} facing @param {Point} [up] where the head is on the film
 * @returns {Reading} */
export function withFacing(reading, facing, up = UP) {
  let result = { ...reading, facing };
  for (const { level, endplate, complete } of endplatesOf(reading)) {
    if (complete) result = { ...canonical(result, level, endplate, facing, up), facing };
  }
  return result;
}

/** Give the marks of one vertebra another level; null if that level is taken or lacks an endplate.
 * @param {Reading} reading @param {string} from @param {string} to @returns {?Reading} */
export function relabelled(reading, from, to) {
  const vertebra = reading.vertebrae[from];
  if (!vertebra || reading.vertebrae[to]) return null;
  if (vertebra.inferior && !sidesOf(to).includes('inferior')) return null;
  const vertebrae = { ...reading.vertebrae, [to]: vertebra };
  delete vertebrae[from];
  const rename = (/** @type {string} */ level) => (level === from ? to : level);
  return renamed({ ...reading, vertebrae }, rename);
}

/** @param {Reading} reading @param {(level: string) => string} rename @returns {Reading} */
function renamed(reading, rename) {
  const entries = reading.not_measurable.map((n) => ({ ...n, level: rename(n.level) }));
  const result = withFractured(
    { ...reading, not_measurable: entries },
    reading.fractured_levels.map(rename),
  );
  const queue = reading.draft?.queue;
  if (!queue) return result;
  const moved = queue.map((/** @type {any} */ want) => ({ ...want, level: rename(want.level) }));
  return { ...result, draft: { ...reading.draft, queue: moved } };
}

/** All labels one level up (-1) or down (+1); null if one would leave the spine.
 * @param {Reading} reading @param {1|-1} step @returns {?Reading} */
export function shifted(reading, step) {
  const named = [...levelsOf(reading), ...reading.fractured_levels];
  named.push(...reading.not_measurable.map((n) => n.level));
  if (named.length === 0) return null;
  const marked = Object.keys(reading.vertebrae);
  /** @type {Map<string, string>} */
  const map = new Map();
  const queued = (reading.draft?.queue ?? []).map((/** @type {any} */ want) => want.level);
  for (const level of new Set([...named, ...queued])) {
    const to = neighbour(level, step, marked);
    if (!to && named.includes(level)) return null;
    map.set(level, to ?? level);
  }
  /** @type {Object<string, Vertebra>} */
  const vertebrae = {};
  for (const level of marked) {
    const to = /** @type {string} */ (map.get(level));
    if (reading.vertebrae[level].inferior && !sidesOf(to).includes('inferior')) return null;
    vertebrae[to] = reading.vertebrae[level];
  }
  return renamed({ ...reading, vertebrae }, (level) => map.get(level) ?? level);
}

/** What counts as the same reading: everything but the draft's own members.
 * @param {Reading} a @param {Reading} b */
export function sameMarks(a, b) {
  const bare = (/** @type {Reading} */ r) => JSON.stringify({ ...r, draft: undefined });
  return a === b || bare(a) === bare(b);
}

/**
 * What to mark next, and where on the film it is to be expected.
 * The queue only says which endplates are wanted; the next one is always worked out from what is
 * marked, so undo, deletion and relabelling need no bookkeeping.
 * @typedef {import('./geometry.js').Point} Point
 * @typedef {import('./document.js').Reading} Reading
 * @typedef {import('./document.js').CornerRef} CornerRef
 * @typedef {{level: string, endplate: import('./anatomy.js').Side, middle: boolean}} Want
 * @typedef {'angles'|'whole'|'six'} PlanKind
 */
import { byLevel, neighbour, orderOf, sidesOf } from './anatomy.js';
import { endplateOf, endplatesOf } from './document.js';
import { distance, midpoint } from './geometry.js';

/** Contiguous runs of fractured levels.
 * @param {string[]} fractured @param {string[]} marked @returns {string[][]} */
export function blocks(fractured, marked = []) {
  /** @type {string[][]} */
  const runs = [];
  for (const level of [...fractured].sort(byLevel)) {
    const last = runs.at(-1);
    if (last && neighbour(last[last.length - 1], 1, marked) === level) last.push(level);
    else runs.push([level]);
  }
  return runs;
}

/** Endplates needed for the fractured levels, cranial to caudal.
 * @param {string[]} fractured @param {PlanKind} kind @param {string[]} marked @returns {Want[]} */
export function planFor(fractured, kind, marked = []) {
  const middle = kind === 'six';
  /** @type {Map<string, Want>} */
  const wants = new Map();
  const want = (/** @type {?string} */ level, /** @type {readonly string[]} */ sides) => {
    if (!level) return;
    for (const endplate of sidesOf(level)) {
      if (sides.includes(endplate)) wants.set(`${level}.${endplate}`, { level, endplate, middle });
    }
  };
  const both = ['superior', 'inferior'];
  for (const run of blocks(fractured, marked)) {
    want(neighbour(run[0], -1, marked), kind === 'angles' ? ['superior'] : both);
    for (const level of run) want(level, both);
    want(neighbour(run[run.length - 1], 1, marked), kind === 'angles' ? ['inferior'] : both);
  }
  return sortWants([...wants.values()]);
}

/** @param {Want[]} wants @returns {Want[]} cranial to caudal, superior first */
export function sortWants(wants) {
  const rank = (/** @type {Want} */ w) => orderOf(w.level) * 2 + (w.endplate === 'inferior' ? 1 : 0);
  return [...wants].sort((a, b) => rank(a) - rank(b));
}

/** @param {Reading} reading @param {Want} want */
function isSettled(reading, want) {
  return reading.not_measurable.some(
    (n) => n.level === want.level && n.endplate === want.endplate,
  );
}

/** The first wanted corner that is not marked; null if nothing is left to ask for.
 * @param {Reading} reading @param {Want[]} queue @returns {?CornerRef} */
export function nextTarget(reading, queue) {
  for (const want of queue) {
    if (isSettled(reading, want)) continue;
    const plate = endplateOf(reading, want.level, want.endplate);
    for (const corner of /** @type {const} */ (['anterior', 'posterior', 'middle'])) {
      if (corner === 'middle' && !want.middle) continue;
      if (!plate?.[corner]) return { level: want.level, endplate: want.endplate, corner };
    }
  }
  return null;
}

/** How far the queue is done. @param {Reading} reading @param {Want[]} queue */
export function progress(reading, queue) {
  let done = 0;
  let total = 0;
  for (const want of queue) {
    const plate = endplateOf(reading, want.level, want.endplate);
    const names = want.middle ? ['anterior', 'posterior', 'middle'] : ['anterior', 'posterior'];
    for (const name of names) {
      total += 1;
      if (isSettled(reading, want) || plate?.[/** @type {'anterior'} */ (name)]) done += 1;
    }
  }
  return { done, total };
}

/** Place along the spine, in units of one vertebra with its disc.
 * @param {string} level @param {string} side @param {string[]} marked */
function along(level, side, marked) {
  let order = orderOf(level);
  if (order > orderOf('T13') && !marked.includes('T13') && level !== 'T13') order -= 1;
  if (level === 'S1' && !marked.includes('L6')) order -= 1;
  return order + (side === 'inferior' ? 0.75 : 0);
}

/** Where an endplate is to be expected from those already marked: centre and length in pixels.
 * Only moves the view; nothing is drawn there, so that no reader is led.
 * @param {Reading} reading @param {{level: string, endplate: string}} target
 * @param {number} aspect height of a pixel divided by its width
 * @returns {?{centre: Point, length: number}} */
export function expected(reading, target, aspect = 1) {
  const marked = Object.keys(reading.vertebrae);
  const s = along(target.level, target.endplate, marked);
  const known = endplatesOf(reading)
    .filter((e) => e.complete && (e.level !== target.level || e.endplate !== target.endplate))
    .map((e) => {
      const a = /** @type {any} */ (e.plate.anterior).xy;
      const p = /** @type {any} */ (e.plate.posterior).xy;
      const square = (/** @type {Point} */ q) => /** @type {Point} */ ([q[0], q[1] * aspect]);
      return { at: along(e.level, e.endplate, marked), a: square(a), p: square(p) };
    })
    .sort((u, v) => Math.abs(u.at - s) - Math.abs(v.at - s));
  if (known.length === 0) return null;
  const [near] = known;
  const length = known.reduce((sum, e) => sum + distance(e.a, e.p), 0) / known.length;
  const centre = midpoint(near.a, near.p);
  const far = known.find((e) => Math.abs(e.at - near.at) > 0.5);
  const step = far ? between(near, far) : across(near, length);
  const d = s - near.at;
  return { centre: [centre[0] + step[0] * d, (centre[1] + step[1] * d) / aspect], length };
}

/** Step of one vertebra caudally, from two endplates.
 * @param {any} near @param {any} far @returns {Point} */
function between(near, far) {
  const from = midpoint(near.a, near.p);
  const to = midpoint(far.a, far.p);
  const d = far.at - near.at;
  return [(to[0] - from[0]) / d, (to[1] - from[1]) / d];
}

/** Step of one vertebra caudally, at right angles to one endplate.
 * @param {any} near @param {number} length @returns {Point} */
function across(near, length) {
  const dx = near.a[0] - near.p[0];
  const dy = near.a[1] - near.p[1];
  const norm = Math.hypot(dx, dy) || 1;
  const down = dx >= 0 ? 1 : -1;
  return [(-dy / norm) * down * length, (dx / norm) * down * length];
}

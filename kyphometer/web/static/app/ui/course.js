/** The course of the angles over the visits as a small curve with 95 % bars; the table says it too. */
import { number, t } from '../i18n.js';
import { svg } from '../view/svg.js';
import { h } from './dom.js';

const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [178, 118, 30, 4, 8, 16];

/** @param {Wire.VisitTable} table @returns {?Element} null with fewer than two values */
export function courseOf(table) {
  const series = table.angles.map((angle, i) => ({
    code: angle.code,
    points: table.visits.flatMap((row, at) => {
      const value = row.values[i];
      return value ? [{ at, value: value.value, half: value.half_width ?? 0 }] : [];
    }),
  })).filter((one) => one.points.length > 1);
  if (series.length === 0) return null;
  const all = series.flatMap((one) => one.points);
  const low = Math.min(0, ...all.map((p) => p.value - p.half));
  const high = Math.max(...all.map((p) => p.value + p.half));
  const x = (/** @type {number} */ at, /** @type {number} */ shift) => LEFT + 12 + ((WIDTH - LEFT - RIGHT - 24) * at) / Math.max(table.visits.length - 1, 1) + shift;
  const y = (/** @type {number} */ value) => TOP + ((HEIGHT - TOP - BOTTOM) * (high - value)) / Math.max(high - low, 1);
  const words = t('visits.course', { angles: series.map((one) => one.code).join(', ') });
  const root = svg('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: 'course', role: 'img', 'aria-label': words });
  for (const value of new Set([Math.floor(high / 10) * 10, 0])) {
    root.append(svg('line', { class: 'grid', x1: LEFT, x2: WIDTH - RIGHT, y1: y(value), y2: y(value) }));
    root.append(label(LEFT - 4, y(value) + 4, `${number(value, 0)}°`, 'end'));
  }
  table.visits.forEach((row, at) => {
    if (row.current) root.append(svg('line', { class: 'now', x1: x(at, 0), x2: x(at, 0), y1: TOP, y2: HEIGHT - BOTTOM }));
    root.append(label(x(at, 0), HEIGHT - 4, String(at + 1), 'middle'));
  });
  series.forEach((one, i) => root.append(curve(one, x, y, series.length > 1 ? (i % 2 ? 3 : -3) : 0)));
  return h('figure', { class: 'course-box' }, root);
}

/** @param {{code: string, points: {at: number, value: number, half: number}[]}} one
 * @param {(at: number, shift: number) => number} x @param {(value: number) => number} y
 * @param {number} shift */
function curve(one, x, y, shift) {
  const group = svg('g', { class: `line ${one.code}` });
  const points = one.points.map((p) => `${x(p.at, shift)},${y(p.value)}`).join(' ');
  group.append(svg('polyline', { points }));
  for (const p of one.points) {
    const at = x(p.at, shift);
    group.append(svg('line', { class: 'bar', x1: at, x2: at, y1: y(p.value - p.half), y2: y(p.value + p.half) }));
    group.append(svg('circle', { cx: at, cy: y(p.value), r: 2.6 }));
  }
  return group;
}

/** @param {number} x @param {number} y @param {string} text @param {string} anchor */
function label(x, y, text, anchor) {
  const node = svg('text', { x, y, 'text-anchor': anchor });
  node.textContent = text;
  return node;
}

/**
 * What is to be drawn over a film, as plain shapes in pane pixels; drawn by layer.js (SVG) and by
 * paint.js (magnifier, exported picture).
 * @typedef {import('../core/geometry.js').Point} Point
 * @typedef {import('../core/document.js').Reading} Reading
 * @typedef {{code: string, upper: import('../core/preview.js').EndplateRef,
 *   lower: import('../core/preview.js').EndplateRef, text: string, pair: string}} Angle
 * @typedef {{key: string, p: Point, corner: string, assisted: boolean, selected: boolean,
 *   flagged: boolean}} CornerShape
 * @typedef {{key: string, a: Point, b: Point, flagged: boolean}} PlateShape
 * @typedef {{key: string, p: Point, text: string, anchor: string}} NameShape
 * @typedef {{key: string, code: string, lines: Point[][], faint: Point[][], at: Point, anchor: string,
 *   text: string, pair: string, compact?: boolean}} AngleShape
 * @typedef {{plates: PlateShape[], corners: CornerShape[], names: NameShape[],
 *   angles: AngleShape[], others?: import('./others.js').OtherShape[]}} Scene
 */
import { cornersOf, endplateOf, endplatesOf } from '../core/document.js';
import { distance, extend, midpoint } from '../core/geometry.js';
import { directionOf } from '../core/turn.js';
import { boxesOfBody, outline, placeLabels } from './labels.js';

/** Where a vertebra's name stands, by where anterior is on the screen. */
const BEHIND = {
  left: { anchor: 'start', gap: [16, 5] },
  right: { anchor: 'end', gap: [-16, 5] },
  up: { anchor: 'middle', gap: [0, 27] },
  down: { anchor: 'middle', gap: [0, -17] },
};
const ASSISTED = new Set(['refined', 'carried', 'detected']);

/** @param {Reading} reading @param {(p: Point) => Point} project film to pane
 * @param {{forward: ?Point, selected: ?string, angles: Angle[], flagged: Set<string>,
 *   settled: boolean, width?: number, height?: number, short: (side: string) => string}} options
 * @returns {Scene} */
export function sceneOf(reading, project, options) {
  const anterior = directionOf(way(project, options.forward ?? [1, 0]));
  const shown = { ...options, anterior };
  const accepted = new Set(reading.draft?.accepted ?? []);
  const corners = cornersOf(reading).map((c) => ({
    key: c.key,
    p: project(c.mark.xy),
    corner: c.corner,
    assisted: !options.settled && ASSISTED.has(c.mark.source ?? 'hand') && !accepted.has(c.key),
    selected: c.key === options.selected,
    flagged: options.flagged.has(c.key),
  }));
  const plates = endplatesOf(reading).filter((e) => e.complete);
  // The wide brackets first: they pass behind the labels of the narrow ones.
  const angles = [...options.angles].sort((a, b) => Number(a.code === 'VKA') - Number(b.code === 'VKA'));
  const names = namesOf(reading, project, shown);
  const drawn = angles.flatMap((angle, i) => angleShape(reading, angle, i, project, shown));
  const { width, height } = options;
  return {
    corners,
    plates: plates.map((e) => plateShape(e, project, options)),
    names,
    angles: width && height ? placeLabels(drawn, obstacles(reading, project, names), { width, height }) : drawn,
  };
}

/** Bodies, single endplates and names of levels, on which no other name may stand.
 * @param {Reading} reading @param {(p: Point) => Point} project @param {NameShape[]} names */
function obstacles(reading, project, names) {
  const ends = (/** @type {any} */ plate) => [project(plate.anterior.xy), project(plate.posterior.xy)];
  const bodies = Object.values(reading.vertebrae).flatMap(({ superior, inferior }) => {
    const whole = [superior, inferior].filter((plate) => plate?.anterior && plate.posterior).map(ends);
    return whole.length === 2 ? boxesOfBody(whole[0], whole[1]) : whole.map(outline);
  });
  return [...bodies, ...names.map(boxOfName)];
}

/** @param {NameShape} name */
function boxOfName({ p: [x, y], text, anchor }) {
  const width = text.length * 9;
  const x0 = x - width * ({ end: 1, middle: 0.5 }[anchor] ?? 0);
  return { x0, x1: x0 + width, y0: y - 12, y1: y + 3 };
}

/** A vector of the film on the screen. @param {(p: Point) => Point} project @param {Point} v @returns {Point} */
function way(project, v) {
  const [from, to] = [project([0, 0]), project(v)];
  return [to[0] - from[0], to[1] - from[1]];
}

/** @param {any} e @param {(p: Point) => Point} project @param {any} options @returns {PlateShape} */
function plateShape(e, project, options) {
  const key = `${e.level}.${e.endplate}`;
  return {
    key,
    a: project(e.plate.anterior.xy),
    b: project(e.plate.posterior.xy),
    flagged: options.flagged.has(`${key}.anterior`) && options.flagged.has(`${key}.posterior`),
  };
}

/** Level names stand behind the posterior corners: once for a whole vertebra, with the side for a
 * single endplate.
 * @param {Reading} reading @param {(p: Point) => Point} project @param {any} options
 * @returns {NameShape[]} */
function namesOf(reading, project, options) {
  const { anchor, gap } = BEHIND[/** @type {import('../core/turn.js').Direction} */ (options.anterior)];
  /** @type {NameShape[]} */
  const names = [];
  for (const [level, vertebra] of Object.entries(reading.vertebrae)) {
    const backs = /** @type {const} */ (['superior', 'inferior']).flatMap((side) => {
      const mark = vertebra[side]?.posterior;
      return mark ? [{ side, p: project(mark.xy) }] : [];
    });
    if (backs.length === 0) continue;
    const at = backs.length === 2 ? midpoint(backs[0].p, backs[1].p) : backs[0].p;
    const text = backs.length === 2 ? level : `${level} ${options.short(backs[0].side)}`;
    names.push({ key: level, p: [at[0] + gap[0], at[1] + gap[1]], text, anchor });
  }
  return names;
}

/** Both endplate lines drawn on beyond the anterior corners, a bracket that shows which belong
 * together, and at the lower line the direction of the upper one with the arc between them.
 * @param {Reading} reading @param {Angle} angle @param {number} index
 * @param {(p: Point) => Point} project @param {any} options @returns {AngleShape[]} */
function angleShape(reading, angle, index, project, options) {
  const upper = endplateOf(reading, angle.upper.level, angle.upper.endplate);
  const lower = endplateOf(reading, angle.lower.level, angle.lower.endplate);
  if (!upper?.anterior || !upper.posterior || !lower?.anterior || !lower.posterior) return [];
  const [ua, up] = [project(upper.anterior.xy), project(upper.posterior.xy)];
  const [la, lp] = [project(lower.anterior.xy), project(lower.posterior.xy)];
  const size = (distance(ua, up) + distance(la, lp)) / 2;
  if (size < 1) return [];
  const wide = angle.code !== 'VKA';
  const reach = Math.max(size * (wide ? 0.74 : 0.32), wide ? 52 : 24);
  const ends = [extend(up, ua, reach), extend(lp, la, reach)];
  const turned = extend(
    [la[0] - (ua[0] - up[0]), la[1] - (ua[1] - up[1])],
    la,
    reach,
  );
  const base = wide ? ends[0] : midpoint(ends[0], ends[1]);
  const right = roomRight(base[0], angle, options);
  const lift = liftOf(wide, right, options.anterior);
  return [
    {
      key: `${angle.code}.${angle.upper.level}.${angle.lower.level}.${index}`,
      code: angle.code,
      lines: [[extend(ua, up, size * 0.1), ends[0]], [extend(la, lp, size * 0.1), ends[1]], arc(la, ends[1], turned)],
      faint: [[ends[0], ends[1]], [la, turned]],
      at: [labelX(base[0], right, angle, options), base[1] + lift],
      anchor: right ? 'start' : 'end',
      text: angle.text,
      pair: angle.pair,
    },
  ];
}

/** How far a label stands below its bracket. @param {boolean} wide @param {boolean} right
 * @param {import('../core/turn.js').Direction} anterior @returns {number} */
function liftOf(wide, right, anterior) {
  if (anterior === 'up') return wide ? -24 : -4;
  if (anterior === 'down') return wide ? 22 : 14;
  return !wide ? 0 : right === (anterior === 'right') ? -8 : 26;
}

/** @param {Angle} angle */
const labelWidth = (angle) => Math.max(angle.text.length * 9.5, angle.pair.length * 6.6) + 16;

/** Beside its bracket, but in the pane even if the bracket is not.
 * @param {number} x @param {boolean} right @param {Angle} angle @param {any} options */
function labelX(x, right, angle, options) {
  const beside = x + (right ? 10 : -10);
  if (!options.width) return beside;
  const wide = labelWidth(angle);
  return right ? Math.min(Math.max(beside, 8), options.width - wide) : Math.max(Math.min(beside, options.width - 8), wide);
}

/** On which side of its bracket a label stands: in front of the spine, if there is room for it.
 * @param {number} x @param {Angle} angle @param {any} options */
function roomRight(x, angle, options) {
  const width = labelWidth(angle);
  if (options.anterior !== 'left') return !(options.width && x + width > options.width);
  return x - width < 0;
}

/** @param {Point} centre @param {Point} from @param {Point} to @returns {Point[]} */
function arc(centre, from, to) {
  const r = distance(centre, from);
  const start = Math.atan2(from[1] - centre[1], from[0] - centre[0]);
  let sweep = Math.atan2(to[1] - centre[1], to[0] - centre[0]) - start;
  if (sweep > Math.PI) sweep -= 2 * Math.PI;
  if (sweep < -Math.PI) sweep += 2 * Math.PI;
  const steps = Math.max(2, Math.ceil(Math.abs(sweep) * 24));
  return Array.from({ length: steps + 1 }, (_, i) => {
    const at = start + (sweep * i) / steps;
    return /** @type {Point} */ ([centre[0] + r * Math.cos(at), centre[1] + r * Math.sin(at)]);
  });
}

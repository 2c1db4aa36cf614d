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
import { boxesOfBody, lettersOf, placeLabels, shared } from './labels.js';

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

/** A body of which one endplate is marked reaches so far from it, in lengths of that endplate. */
const BODY_HEIGHT = 0.85;

/** Bodies and names of levels, on which no other name may stand.
 * @param {Reading} reading @param {(p: Point) => Point} project @param {NameShape[]} names */
function obstacles(reading, project, names) {
  const down = caudal(reading, project);
  const ends = (/** @type {any} */ plate) => (plate?.anterior && plate.posterior ? [project(plate.anterior.xy), project(plate.posterior.xy)] : null);
  const bodies = Object.values(reading.vertebrae).flatMap(({ superior, inferior }) => {
    const [upper, lower] = [ends(superior), ends(inferior)];
    if (upper && lower) return boxesOfBody(upper, lower);
    if (upper) return boxesOfBody(upper, across(upper, down));
    return lower ? boxesOfBody(lower, across(lower, [-down[0], -down[1]])) : [];
  });
  return [...bodies, ...names.map(boxOfName)];
}

/** Where the other endplate of a body must lie about. @param {Point[]} plate @param {Point} towards @returns {Point[]} */
function across([a, p], towards) {
  const normal = [a[1] - p[1], p[0] - a[0]];
  const side = normal[0] * towards[0] + normal[1] * towards[1] < 0 ? -BODY_HEIGHT : BODY_HEIGHT;
  return [a, p].map(([x, y]) => [x + side * normal[0], y + side * normal[1]]);
}

/** Which way the feet are on the screen: from the uppermost marked level to the lowest, or down the
 * film. @param {Reading} reading @param {(p: Point) => Point} project @returns {Point} */
function caudal(reading, project) {
  const plates = endplatesOf(reading).filter((e) => e.complete);
  const [first, last] = [plates[0], plates.at(-1)];
  if (!first || !last || first === last) return way(project, [0, 1]);
  const [from, to] = [middleOf(first, project), middleOf(last, project)];
  return [to[0] - from[0], to[1] - from[1]];
}

/** @param {any} found @param {(p: Point) => Point} project @returns {Point} */
function middleOf({ plate }, project) {
  const [a, p] = [project(plate.anterior.xy), project(plate.posterior.xy)];
  return [(a[0] + p[0]) / 2, (a[1] + p[1]) / 2];
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
    names.push(fitted({ key: level, p: [at[0] + gap[0], at[1] + gap[1]], text, anchor }, options));
  }
  return names;
}

/** A name without its side where a pane is too narrow for it, over its corner where it still is, and
 * above the pane's letters.
 * @param {NameShape} name @param {{width?: number, height?: number}} pane @returns {NameShape} */
function fitted(name, { width, height }) {
  if (!width || !height) return name;
  const { x0, x1 } = boxOfName(name);
  const cut = x0 < width && x1 > 0 && (x0 < 0 || x1 > width);
  const short = cut ? pushed({ ...name, text: name.key }, width) : name;
  const letter = lettersOf({ width, height }).find((box) => shared(boxOfName(short), box) > 0);
  return letter ? { ...short, p: [short.p[0], letter.y0 - 6] } : short;
}

/** @param {NameShape} name @param {number} width @returns {NameShape} */
function pushed(name, width) {
  const { x0, x1 } = boxOfName(name);
  const by = Math.max(0, 3 - x0) + Math.min(0, width - 3 - x1);
  return by === 0 ? name : { ...name, p: [name.p[0] + by, name.p[1] - 17] };
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

/**
 * Where the names of angles stand: beside their brackets, but on no body, on no level's name and on
 * no other angle's. Where a pane is too narrow for that they are set smaller, at the nearest free place.
 * @typedef {import('../core/geometry.js').Point} Point
 * @typedef {import('./scene.js').AngleShape} AngleShape
 * @typedef {{x0: number, y0: number, x1: number, y1: number}} Box
 */

/** What lies at a pane's upper and lower edge: the film's caption, window and scale. */
const EDGES = { top: 64, bottom: 36, side: 4 };
const STEP = 6;
const GAP = 2;
/** Corners are drawn beyond the ends of their lines. */
const CORNER = 5;
/** A label of full size is put elsewhere only nearby. */
const NEAR = 40;
/** How much farther a label goes to cover a pixel less of what is below it. */
const COVERS = 2;

/** @param {string} text @param {number} size */
const wide = (text, size) => text.length * size * 0.62;

/** The lines of a label: angle and pair, or where there is no room for these its code and its value.
 * @param {AngleShape} angle @param {boolean} compact @returns {[string, string]} */
export function linesOf(angle, compact) {
  const [code, value] = [angle.text.split(' ', 1)[0], angle.text.slice(angle.text.indexOf(' ') + 1)];
  return compact ? [code, value] : [angle.text, angle.pair];
}

/** Where a label lies. @param {AngleShape} angle @param {Point} at @param {string} anchor
 * @param {boolean} compact @returns {Box} */
export function boxOfLabel(angle, at, anchor, compact) {
  const [first, second] = linesOf(angle, compact);
  const width = compact ? Math.max(wide(first, 13), wide(second, 13)) : Math.max(wide(first, 17), wide(second, 12));
  const x0 = anchor === 'end' ? at[0] - width : at[0];
  return { x0, x1: x0 + width, y0: at[1] - (compact ? 11 : 15), y1: at[1] + 19 };
}

/** A body's outline on the screen as boxes: slices from its upper to its lower endplate.
 * @param {Point[]} upper anterior and posterior end @param {Point[]} lower @returns {Box[]} */
export function boxesOfBody(upper, lower) {
  const slices = 4;
  return Array.from({ length: slices }, (_, i) => {
    const corners = [i / slices, (i + 1) / slices].flatMap((share) => [0, 1].map((end) => between(upper[end], lower[end], share)));
    return outline(corners);
  });
}

/** @param {Point} a @param {Point} b @param {number} share @returns {Point} */
const between = (a, b, share) => [a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1])];

/** Box around points with the corners that are drawn there. @param {Point[]} points @returns {Box} */
function outline(points) {
  const [xs, ys] = [points.map((p) => p[0]), points.map((p) => p[1])];
  return { x0: Math.min(...xs) - CORNER, x1: Math.max(...xs) + CORNER, y0: Math.min(...ys) - CORNER, y1: Math.max(...ys) + CORNER };
}

/** Pixels that two boxes share, with a gap between them. @param {Box} a @param {Box} b */
export function shared(a, b) {
  const across = Math.min(a.x1, b.x1 + GAP) - Math.max(a.x0, b.x0 - GAP);
  const down = Math.min(a.y1, b.y1 + GAP) - Math.max(a.y0, b.y0 - GAP);
  return across > 0 && down > 0 ? across * down : 0;
}

/** Where a pane's letters for anterior and posterior stand. @param {{width: number, height: number}} pane @returns {Box[]} */
export function lettersOf(pane) {
  const middle = { y0: pane.height / 2 - 14, y1: pane.height / 2 + 14 };
  return [{ ...middle, x0: 0, x1: 34 }, { ...middle, x0: pane.width - 34, x1: pane.width }];
}

/** The angles with their labels at free places, in the order of `angles`.
 * @param {AngleShape[]} angles @param {Box[]} taken bodies and names
 * @param {{width: number, height: number}} pane @returns {AngleShape[]} */
export function placeLabels(angles, taken, pane) {
  const full = [...taken, ...lettersOf(pane)];
  return angles.map((angle) => {
    const placed = placeOf(angle, full, pane);
    full.push(boxOfLabel(placed, placed.at, placed.anchor, Boolean(placed.compact)));
    return placed;
  });
}

/** @param {AngleShape} angle @param {Box[]} taken @param {{width: number, height: number}} pane
 * @returns {AngleShape} */
function placeOf(angle, taken, pane) {
  const covered = (/** @type {Box} */ box) => taken.reduce((sum, one) => sum + shared(box, one), 0);
  const wished = boxOfLabel(angle, angle.at, angle.anchor, false);
  const seen = wished.x1 > 0 && wished.x0 < pane.width && wished.y1 > 0 && wished.y0 < pane.height;
  if (!seen || covered(wished) === 0) return angle;
  for (const compact of [false, true]) {
    const found = best(angle, compact, covered, pane);
    if (found && (compact || found.cost < NEAR)) return { ...angle, at: found.at, anchor: 'start', compact };
  }
  return angle;
}

/** The place that is nearest to the wished one and covers least. @param {AngleShape} angle
 * @param {boolean} compact @param {(box: Box) => number} covered
 * @param {{width: number, height: number}} pane @returns {?{at: Point, cost: number}} */
function best(angle, compact, covered, pane) {
  const size = boxOfLabel(angle, [0, 0], 'start', compact);
  const wished = boxOfLabel(angle, angle.at, angle.anchor, compact);
  let found = null;
  let least = Infinity;
  for (let y = EDGES.top - size.y0; y + size.y1 <= pane.height - EDGES.bottom; y += STEP) {
    for (let x = EDGES.side; x + size.x1 <= pane.width - EDGES.side; x += STEP) {
      const away = Math.hypot(x - wished.x0, y + size.y0 - wished.y0);
      if (away >= least) continue;
      const cost = away + COVERS * covered({ x0: x, x1: x + size.x1, y0: y + size.y0, y1: y + size.y1 });
      if (cost >= least) continue;
      least = cost;
      found = { at: /** @type {Point} */ ([x, y]), cost };
    }
  }
  return found;
}

/**
 * Pure geometry of the live preview. Python decides every reported number; this module only follows
 * a dragged corner until the server has answered. Both are held to tests/data/angle_oracle.json.
 *
 * Points are [x, y] in film pixels, y down, [0, 0] = outer top-left corner of the top-left pixel.
 * @typedef {[number, number]} Point
 * @typedef {'left'|'right'} Facing
 * @typedef {{row_mm: ?number, column_mm: ?number, aspect: number}} PixelGeometry
 * @typedef {{column_mm: number, in_patient: boolean}} KnownScale
 * @typedef {{scale: number, cos: number, sin: number, tx: number, ty: number}} Similarity
 */

/** Factors for x and y that make pixels square: mm a pixel, or pixel widths if uncalibrated.
 * @param {?PixelGeometry} geometry @returns {Point} */
export function scaleOf(geometry) {
  if (geometry && geometry.row_mm && geometry.column_mm) {
    return [geometry.column_mm, geometry.row_mm];
  }
  return [1, (geometry && geometry.aspect) || 1];
}

/** Signed sagittal angle in degrees between two vectors given posterior to anterior, in square
 * units: kyphosis positive, lordosis negative, in (-180, 180]; null if a vector has no length.
 * @param {Point} upper @param {Point} lower @param {Facing} facing @returns {?number} */
export function signedAngleDeg(upper, lower, facing) {
  const [ux, uy] = upper;
  const [lx, ly] = lower;
  if (Math.hypot(ux, uy) === 0 || Math.hypot(lx, ly) === 0) return null;
  const f = facing === 'right' ? 1 : -1;
  const cross = f * (uy * lx - ux * ly);
  const angle = (Math.atan2(cross, ux * lx + uy * ly) * 180) / Math.PI;
  if (!Number.isFinite(angle)) return null;
  return angle > -180 ? angle + 0 : 180;
}

/** Vector from posterior to anterior corner in square units.
 * @param {Point} anterior @param {Point} posterior @param {?PixelGeometry} geometry
 * @returns {Point} */
export function endplateVector(anterior, posterior, geometry) {
  const [sx, sy] = scaleOf(geometry);
  return [(anterior[0] - posterior[0]) * sx, (anterior[1] - posterior[1]) * sy];
}

/** The scale by an object of known size, for the scale bar; null where none was marked.
 * @param {any} reading @param {?PixelGeometry} geometry @returns {?KnownScale} */
export function knownScale(reading, geometry) {
  const known = reading?.known_size;
  if (!known) return null;
  const [[ax, ay], [bx, by]] = known.ends;
  return { column_mm: known.known_mm / Math.hypot(bx - ax, (by - ay) * (geometry?.aspect ?? 1)), in_patient: true };
}

/** @param {Point} a @param {Point} b @returns {number} distance in pixels */
export function distance(a, b) {
  return Math.hypot(a[0] - b[0], a[1] - b[1]);
}

/** @param {Point} a @param {Point} b @returns {Point} half way */
export function midpoint(a, b) {
  return [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
}

/** @param {number} value @param {number} low @param {number} high */
export function clamp(value, low, high) {
  return Math.min(Math.max(value, low), high);
}

/** Point along the ray from `origin` through `through`, `length` beyond `through`.
 * @param {Point} origin @param {Point} through @param {number} length @returns {Point} */
export function extend(origin, through, length) {
  const d = distance(origin, through) || 1;
  const k = length / d;
  return [
    through[0] + (through[0] - origin[0]) * k,
    through[1] + (through[1] - origin[1]) * k,
  ];
}

/** Least-squares similarity (shift, turn, one scale) that maps `from` onto `to`; null below two
 * distinct points.
 * @param {Point[]} from @param {Point[]} to @returns {?Similarity} */
export function fitSimilarity(from, to) {
  const n = Math.min(from.length, to.length);
  if (n < 2) return null;
  const mean = (/** @type {Point[]} */ points) => [
    points.slice(0, n).reduce((sum, p) => sum + p[0], 0) / n,
    points.slice(0, n).reduce((sum, p) => sum + p[1], 0) / n,
  ];
  const [fx, fy] = mean(from);
  const [tx, ty] = mean(to);
  let dot = 0;
  let cross = 0;
  let norm = 0;
  for (let i = 0; i < n; i += 1) {
    const ax = from[i][0] - fx;
    const ay = from[i][1] - fy;
    const bx = to[i][0] - tx;
    const by = to[i][1] - ty;
    dot += ax * bx + ay * by;
    cross += ax * by - ay * bx;
    norm += ax * ax + ay * ay;
  }
  const size = Math.hypot(dot, cross);
  if (norm === 0 || size === 0) return null;
  const scale = size / norm;
  const cos = dot / size;
  const sin = cross / size;
  return {
    scale,
    cos,
    sin,
    tx: tx - scale * (cos * fx - sin * fy),
    ty: ty - scale * (sin * fx + cos * fy),
  };
}

/** @param {Similarity} t @param {Point} p @returns {Point} */
export function applySimilarity(t, p) {
  return [
    t.scale * (t.cos * p[0] - t.sin * p[1]) + t.tx,
    t.scale * (t.sin * p[0] + t.cos * p[1]) + t.ty,
  ];
}

/** @param {Similarity} t @returns {Similarity} the way back */
export function invertSimilarity(t) {
  const scale = 1 / t.scale;
  const cos = t.cos;
  const sin = -t.sin;
  return {
    scale,
    cos,
    sin,
    tx: -scale * (cos * t.tx - sin * t.ty),
    ty: -scale * (sin * t.tx + cos * t.ty),
  };
}

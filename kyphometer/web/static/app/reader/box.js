/**
 * Boxes around points of a film.
 * @typedef {import('../core/geometry.js').Point} Point
 */

/** @param {Point[]} points */
export function boxOf(points) {
  if (points.length === 0) return null;
  const xs = points.map((p) => p[0]);
  const ys = points.map((p) => p[1]);
  return { x0: Math.min(...xs), y0: Math.min(...ys), x1: Math.max(...xs), y1: Math.max(...ys) };
}

/** With a margin, for the automatic window; null without points. @param {Point[]} points */
export function boxAround(points) {
  const box = boxOf(points);
  if (!box) return null;
  const margin = 0.25 * Math.max(box.x1 - box.x0, box.y1 - box.y0, 40);
  return { x0: box.x0 - margin, y0: box.y0 - margin, x1: box.x1 + margin, y1: box.y1 + margin };
}

/**
 * Where on the film one looks, and how large: pure values, new ones for every change.
 * `zoom` is CSS pixels a film pixel along x; along y it is `zoom * aspect`, so that the film is shown
 * in its true shape.
 * @typedef {import('../core/geometry.js').Point} Point
 * @typedef {{cx: number, cy: number, zoom: number, aspect: number, width: number, height: number}} View
 */
import { clamp } from '../core/geometry.js';

export const MOST_ZOOM = 24;

/** @param {View} view @param {Point} p film @returns {Point} CSS pixels in the pane */
export function toScreen(view, p) {
  return [
    (p[0] - view.cx) * view.zoom + view.width / 2,
    (p[1] - view.cy) * view.zoom * view.aspect + view.height / 2,
  ];
}

/** @param {View} view @param {Point} s CSS pixels in the pane @returns {Point} film */
export function toFilm(view, s) {
  return [
    (s[0] - view.width / 2) / view.zoom + view.cx,
    (s[1] - view.height / 2) / (view.zoom * view.aspect) + view.cy,
  ];
}

/** @param {View} view @param {{columns: number, rows: number}} film @returns {number} */
export function fitZoom(view, film) {
  const margin = 12;
  return Math.min(
    Math.max(view.width - margin, 40) / film.columns,
    Math.max(view.height - margin, 40) / (film.rows * view.aspect),
  );
}

/** @param {View} view @param {{columns: number, rows: number}} film @returns {View} all of the film */
export function fitted(view, film) {
  return { ...view, cx: film.columns / 2, cy: film.rows / 2, zoom: fitZoom(view, film) };
}

/** @param {View} view @param {number} factor @param {Point} at CSS pixels that stay put
 * @param {{columns: number, rows: number}} film @returns {View} */
export function zoomedAt(view, factor, at, film) {
  const least = fitZoom(view, film) * 0.5;
  const zoom = clamp(view.zoom * factor, least, Math.max(MOST_ZOOM, least));
  const p = toFilm(view, at);
  return kept(
    {
      ...view,
      zoom,
      cx: p[0] - (at[0] - view.width / 2) / zoom,
      cy: p[1] - (at[1] - view.height / 2) / (zoom * view.aspect),
    },
    film,
  );
}

/** @param {View} view @param {number} dx @param {number} dy CSS pixels
 * @param {{columns: number, rows: number}} film @returns {View} */
export function panned(view, dx, dy, film) {
  const moved = {
    ...view,
    cx: view.cx - dx / view.zoom,
    cy: view.cy - dy / (view.zoom * view.aspect),
  };
  return kept(moved, film);
}

/** @param {View} view @param {Point} centre @param {number} zoom
 * @param {{columns: number, rows: number}} film @returns {View} */
export function centredOn(view, centre, zoom, film) {
  const least = fitZoom(view, film);
  const bounded = clamp(zoom, least, Math.max(MOST_ZOOM, least));
  return kept({ ...view, cx: centre[0], cy: centre[1], zoom: bounded }, film);
}

/** The centre of the pane never leaves the film, so that the film cannot be lost.
 * @param {View} view @param {{columns: number, rows: number}} film @returns {View} */
function kept(view, film) {
  return { ...view, cx: clamp(view.cx, 0, film.columns), cy: clamp(view.cy, 0, film.rows) };
}

/** @param {View} a @param {View} b @param {number} t 0..1 @returns {View} on the way from a to b */
export function blend(a, b, t) {
  const zoom = a.zoom * (b.zoom / a.zoom) ** t;
  const mix = (/** @type {number} */ u, /** @type {number} */ v) => u + (v - u) * t;
  return { ...b, zoom, cx: mix(a.cx, b.cx), cy: mix(a.cy, b.cy) };
}

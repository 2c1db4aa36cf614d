/**
 * Where on the film one looks, and how large: pure values, new ones for every change.
 * `zoom` is CSS pixels a film pixel along x; along y it is `zoom * aspect`, so that the film is shown
 * in its true shape; `turn` says how it lies on the screen.
 * @typedef {import('../core/geometry.js').Point} Point
 * @typedef {import('../core/turn.js').Turn} Turn
 * @typedef {{cx: number, cy: number, zoom: number, aspect: number, width: number, height: number, turn: Turn}} View
 * @typedef {{x: number, y: number, ux: number, uy: number, vx: number, vy: number}} Place film coordinates of
 *   the centre of the first output pixel, and the steps from there for one pixel right (u) and down (v)
 * @typedef {{from: Point, to: Point, scale: number}} Link places on two films that belong together, and pixels of the
 *   second one for a pixel of the first
 */
import { clamp } from '../core/geometry.js';
import { isSideways, onFilm, onScreen } from '../core/turn.js';

export const MOST_ZOOM = 24;

/** @param {View} view @param {Point} p film @returns {Point} CSS pixels in the pane */
export function toScreen(view, p) {
  const { zoom, aspect, turn } = view;
  const [x, y] = onScreen(turn, [(p[0] - view.cx) * zoom, (p[1] - view.cy) * zoom * aspect]);
  return [x + view.width / 2, y + view.height / 2];
}

/** @param {View} view @param {Point} v CSS pixels @returns {Point} that way in film pixels */
export function filmVector(view, v) {
  const [x, y] = onFilm(view.turn, v);
  return [x / view.zoom, y / (view.zoom * view.aspect)];
}

/** @param {View} view @param {Point} s CSS pixels in the pane @returns {Point} film */
export function toFilm(view, s) {
  const [x, y] = filmVector(view, [s[0] - view.width / 2, s[1] - view.height / 2]);
  return [x + view.cx, y + view.cy];
}

/** @param {View} view @param {number} ratio output pixels a CSS pixel @returns {Place} */
export function placeOf(view, ratio) {
  const [x, y] = toFilm(view, [0.5 / ratio, 0.5 / ratio]);
  const [ux, uy] = filmVector(view, [1 / ratio, 0]);
  const [vx, vy] = filmVector(view, [0, 1 / ratio]);
  return { x, y, ux, uy, vx, vy };
}

/** Width and height on the screen, at zoom 1, of a box on the film. @param {View} view
 * @param {number} columns @param {number} rows @returns {Point} */
export function extent(view, columns, rows) {
  const high = rows * view.aspect;
  return isSideways(view.turn) ? [high, columns] : [columns, high];
}

/** @param {View} view @param {{columns: number, rows: number}} film @returns {number} */
export function fitZoom(view, film) {
  const margin = 12;
  const [width, height] = extent(view, film.columns, film.rows);
  return Math.min(Math.max(view.width - margin, 40) / width, Math.max(view.height - margin, 40) / height);
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
  return kept(anchored({ ...view, zoom }, toFilm(view, at), at), film);
}

/** @param {View} view @param {Point} p film @param {Point} at CSS pixels @returns {View} with p there */
export function anchored(view, p, at) {
  const [x, y] = filmVector(view, [at[0] - view.width / 2, at[1] - view.height / 2]);
  return { ...view, cx: p[0] - x, cy: p[1] - y };
}

/** @param {View} view @param {number} dx @param {number} dy CSS pixels
 * @param {{columns: number, rows: number}} film @returns {View} */
export function panned(view, dx, dy, film) {
  const [x, y] = filmVector(view, [dx, dy]);
  return kept({ ...view, cx: view.cx - x, cy: view.cy - y }, film);
}

/** @param {View} view @param {Point} centre @param {number} zoom
 * @param {{columns: number, rows: number}} film @returns {View} */
export function centredOn(view, centre, zoom, film) {
  const least = fitZoom(view, film);
  const bounded = clamp(zoom, least, Math.max(MOST_ZOOM, least));
  return kept({ ...view, cx: centre[0], cy: centre[1], zoom: bounded }, film);
}

/** @param {View} a @param {View} b @param {number} scale @returns {Link} what is in the middle of both */
export function linkOf(a, b, scale) {
  return { from: [a.cx, a.cy], to: [b.cx, b.cy], scale };
}

/** @param {Link} link @returns {Link} the way back */
export function linkBack({ from, to, scale }) {
  return { from: to, to: from, scale: 1 / scale };
}

/** @param {View} a @param {View} b @param {Link} link @returns {View} of the second film: it goes the same way on the
 *   screen as the first one, however either of them is turned */
export function alongside(a, b, link) {
  const { from, to, scale } = link;
  const way = onScreen(a.turn, [(a.cx - from[0]) * scale, (a.cy - from[1]) * a.aspect * scale]);
  const [x, y] = onFilm(b.turn, way);
  return { ...b, cx: to[0] + x, cy: to[1] + y / b.aspect, zoom: a.zoom / scale };
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

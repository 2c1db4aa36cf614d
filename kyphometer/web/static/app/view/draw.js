/**
 * Film pixels to screen pixels: bilinear in 16 bits, then one look-up in the window table.
 * @typedef {import('./pyramid.js').Pyramid} Pyramid
 * @typedef {import('./viewport.js').Place} Place
 */
import { levelFor } from './pyramid.js';

const OUTSIDE = 0xff000000;

/** Sample positions along one axis: index of the left neighbour and weight of the right one (0-128).
 * @param {number} count @param {number} start film coordinate of the first output centre
 * @param {number} step film pixels an output pixel @param {number} shrink film pixels a sample
 * @param {number} size samples @param {number} extent film pixels
 * @returns {{index: Int32Array, weight: Int32Array, from: number, to: number}} */
function axis(count, start, step, shrink, size, extent) {
  const index = new Int32Array(count);
  const weight = new Int32Array(count);
  let from = count;
  let to = 0;
  for (let i = 0; i < count; i += 1) {
    const film = start + i * step;
    if (film < 0 || film >= extent) continue;
    if (i < from) from = i;
    to = i + 1;
    const at = Math.min(Math.max(film / shrink - 0.5, 0), size - 1);
    const left = Math.min(Math.floor(at), Math.max(size - 2, 0));
    index[i] = left;
    weight[i] = size > 1 ? Math.round((at - left) * 128) : 0;
  }
  return { index, weight, from, to };
}

/** Draw a view whose edges are those of the film: upright, turned by quarters, mirrored.
 * @param {Pyramid} pyramid @param {Uint32Array} table @param {Uint32Array} out
 * @param {number} width @param {number} height of `out` @param {Place} place */
export function drawSquare(pyramid, table, out, width, height, place) {
  const sideways = place.ux === 0;
  const steps = sideways ? [place.uy, place.vx] : [place.ux, place.vy];
  const number = levelFor(pyramid, Math.min(Math.abs(steps[0]), Math.abs(steps[1])));
  const level = pyramid.levels[number];
  const shrink = 2 ** number;
  const across = (/** @type {number} */ count, /** @type {number} */ step) =>
    axis(count, place.x, step, shrink, level.width, pyramid.width);
  const along = (/** @type {number} */ count, /** @type {number} */ step) =>
    axis(count, place.y, step, shrink, level.height, pyramid.height);
  const h = sideways ? along(width, steps[0]) : across(width, steps[0]);
  const v = sideways ? across(height, steps[1]) : along(height, steps[1]);
  out.fill(OUTSIDE);
  const { data } = level;
  const [column, row] = sideways ? [level.width, 1] : [1, level.width];
  const right = (sideways ? level.height : level.width) > 1 ? column : 0;
  const below = (sideways ? level.width : level.height) > 1 ? row : 0;
  for (let x = h.from; x < h.to; x += 1) h.index[x] *= column;
  for (let y = v.from; y < v.to; y += 1) {
    const start = v.index[y] * row;
    const b = v.weight[y];
    const t = 128 - b;
    let to = y * width + h.from;
    for (let x = h.from; x < h.to; x += 1) {
      const i = start + h.index[x];
      const r = h.weight[x];
      const l = 128 - r;
      const upper = data[i] * l + data[i + right] * r;
      const lower = data[i + below] * l + data[i + below + right] * r;
      out[to] = table[((upper >>> 7) * t + (lower >>> 7) * b) >>> 7];
      to += 1;
    }
  }
}

/** Draw a turned view (the other visit laid over this one); what lies outside is transparent.
 * @param {Pyramid} pyramid @param {Uint32Array} table @param {Uint32Array} out
 * @param {number} width @param {number} height @param {Place} place */
export function drawTurned(pyramid, table, out, width, height, place) {
  const scale = Math.min(Math.hypot(place.ux, place.uy), Math.hypot(place.vx, place.vy));
  const number = levelFor(pyramid, scale);
  const level = pyramid.levels[number];
  const k = 1 / 2 ** number;
  const { data } = level;
  const lastX = level.width - 2;
  const lastY = level.height - 2;
  out.fill(0);
  for (let y = 0; y < height; y += 1) {
    let fx = (place.x + y * place.vx) * k - 0.5;
    let fy = (place.y + y * place.vy) * k - 0.5;
    const du = place.ux * k;
    const dv = place.uy * k;
    let to = y * width;
    for (let x = 0; x < width; x += 1, fx += du, fy += dv, to += 1) {
      if (fx < 0 || fy < 0 || fx > lastX || fy > lastY) continue;
      const ix = fx | 0;
      const iy = fy | 0;
      const r = ((fx - ix) * 128) | 0;
      const b = ((fy - iy) * 128) | 0;
      const i = iy * level.width + ix;
      const j = i + level.width;
      const upper = data[i] * (128 - r) + data[i + 1] * r;
      const lower = data[j] * (128 - r) + data[j + 1] * r;
      out[to] = table[((upper >>> 7) * (128 - b) + (lower >>> 7) * b) >>> 7];
    }
  }
}

/**
 * How a film is shown: turned by quarters and mirrored. Only the way from film to screen changes; the
 * film's coordinates, and with them every mark and number, stay what they are.
 *
 * A turn is the matrix [a, b, c, d] that takes (x, y) of the film to (a x + b y, c x + d y) of the screen.
 * @typedef {import('./geometry.js').Point} Point
 * @typedef {readonly [number, number, number, number]} Turn
 * @typedef {'left'|'right'|'up'|'down'} Direction
 */

/** @type {Turn} */
export const UPRIGHT = Object.freeze([1, 0, 0, 1]);
/** @type {Turn} */
const RIGHT = [0, -1, 1, 0];
/** @type {Turn} */
const LEFT = [0, 1, -1, 0];
/** @type {Turn} */
const MIRROR = [-1, 0, 0, 1];

/** @param {Turn} a @param {Turn} b @returns {Turn} first b, then a; the zeros have no sign */
function product(a, b) {
  return [
    a[0] * b[0] + a[1] * b[2] + 0,
    a[0] * b[1] + a[1] * b[3] + 0,
    a[2] * b[0] + a[3] * b[2] + 0,
    a[2] * b[1] + a[3] * b[3] + 0,
  ];
}

/** @param {Turn} turn @returns {Turn} a quarter clockwise, as seen */
export const turnedRight = (turn) => product(RIGHT, turn);

/** @param {Turn} turn @returns {Turn} a quarter anticlockwise, as seen */
export const turnedLeft = (turn) => product(LEFT, turn);

/** @param {Turn} turn @returns {Turn} left and right exchanged, as seen */
export const mirrored = (turn) => product(MIRROR, turn);

/** @param {Turn} turn @param {Point} v on the film @returns {Point} on the screen */
export function onScreen(turn, v) {
  return [turn[0] * v[0] + turn[1] * v[1] + 0, turn[2] * v[0] + turn[3] * v[1] + 0];
}

/** @param {Turn} turn @param {Point} v on the screen @returns {Point} on the film */
export function onFilm(turn, v) {
  return [turn[0] * v[0] + turn[2] * v[1] + 0, turn[1] * v[0] + turn[3] * v[1] + 0];
}

/** @param {Turn} turn */
export const isUpright = (turn) => turn[0] === 1 && turn[3] === 1;

/** Whether columns of the film are rows of the screen. @param {Turn} turn */
export const isSideways = (turn) => turn[0] === 0;

/** @param {Turn} turn @returns {{degrees: number, mirror: boolean}} mirrored first, then turned clockwise */
export function nameOf(turn) {
  const mirror = turn[0] * turn[3] - turn[1] * turn[2] < 0;
  const [a, , c] = mirror ? product(turn, MIRROR) : turn;
  return { degrees: (Math.round((Math.atan2(c, a) * 180) / Math.PI) + 360) % 360, mirror };
}

/** Towards which edge of the screen a vector points most. @param {Point} v on the screen
 * @returns {Direction} */
export function directionOf(v) {
  if (Math.abs(v[0]) >= Math.abs(v[1])) return v[0] >= 0 ? 'right' : 'left';
  return v[1] >= 0 ? 'down' : 'up';
}

/** What was kept, if it is a turn. @param {any} kept @returns {Turn} */
export function turnOf(kept) {
  const sound = Array.isArray(kept) && kept.length === 4 && kept.every((n) => [-1, 0, 1].includes(n))
    && Math.abs(kept[0] * kept[3] - kept[1] * kept[2]) === 1 && kept[0] * kept[1] === 0;
  return sound ? /** @type {any} */ (kept) : UPRIGHT;
}

/**
 * Box mip levels of a 16-bit film: each level halves the one before, so that a film shown small is
 * averaged, not skipped over.
 * @typedef {{width: number, height: number, data: Uint16Array}} Level
 * @typedef {{width: number, height: number, levels: Level[]}} Pyramid
 */

const SMALLEST = 256;

/** Room for the level after one of that size. @param {number} width @param {number} height
 * @returns {Level} */
export function halved(width, height) {
  const w = Math.max(1, (width + 1) >> 1);
  const h = Math.max(1, (height + 1) >> 1);
  return { width: w, height: h, data: new Uint16Array(w * h) };
}

/** @param {Level} level @returns {Level} */
export function halve(level) {
  const half = halved(level.width, level.height);
  halveRows(level, half, 0, half.height);
  return half;
}

/** Some rows of the level after. @param {Level} level @param {Level} half @param {number} from
 * @param {number} until row of `half` */
export function halveRows({ width, height, data }, half, from, until) {
  const { width: w, data: out } = half;
  const whole = width >> 1;
  for (let y = from; y < until; y += 1) {
    const top = 2 * y * width;
    const low = Math.min(2 * y + 1, height - 1) * width;
    let to = y * w;
    for (let x = 0; x < whole; x += 1) {
      const i = 2 * x;
      out[to] = (data[top + i] + data[top + i + 1] + data[low + i] + data[low + i + 1] + 2) >> 2;
      to += 1;
    }
    if (whole < w) out[to] = (data[top + width - 1] + data[low + width - 1] + 1) >> 1;
  }
}

/** @param {Uint16Array} data row by row @param {number} width @param {number} height
 * @param {Level} [half] the second level, where it is known @returns {Pyramid} */
export function buildPyramid(data, width, height, half) {
  const levels = [{ width, height, data }];
  if (half && Math.max(width, height) > SMALLEST) levels.push(half);
  while (Math.max(levels[levels.length - 1].width, levels[levels.length - 1].height) > SMALLEST) {
    levels.push(halve(levels[levels.length - 1]));
  }
  return { width, height, levels };
}

/** The level to sample when one output pixel covers `scale` film pixels.
 * @param {Pyramid} pyramid @param {number} scale @returns {number} */
export function levelFor(pyramid, scale) {
  const wanted = Math.floor(Math.log2(Math.max(scale, 1e-6)) + 0.35);
  return Math.min(Math.max(wanted, 0), pyramid.levels.length - 1);
}

/** The finest level of at most `pixels` pixels, for statistics. @param {Pyramid} pyramid
 * @param {number} pixels @returns {{level: Level, factor: number}} */
export function coarse(pyramid, pixels) {
  let index = 0;
  while (
    index < pyramid.levels.length - 1 &&
    pyramid.levels[index].width * pyramid.levels[index].height > pixels
  ) {
    index += 1;
  }
  return { level: pyramid.levels[index], factor: 2 ** index };
}

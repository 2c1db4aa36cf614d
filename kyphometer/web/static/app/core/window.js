/**
 * Window and level: from stored 16-bit values to grey, as one table of 65,536 entries.
 * @typedef {{center: number, width: number, function?: string}} Window
 * @typedef {{slope: number, intercept: number, inverted: boolean, min: number, max: number}} Pixels
 */

/** Greys between which the middle 98 % of a film must lie apart to be seen (as in display.py). */
const LEAST_SPREAD = 64;

/** The least difference between two modality values that a window should part.
 * @param {Pixels} pixels */
export const smallestStep = (pixels) => Math.min(1, Math.abs(pixels.slope) || 1);

/** Whether a table shows a film neither nearly black and white nor nearly in one grey.
 * @param {Uint32Array} table @param {ArrayLike<number>} values @param {?number[]} padding */
export function spreads(table, values, padding = null) {
  const counts = new Uint32Array(256);
  let total = 0;
  for (let i = 0; i < values.length; i += 1) {
    const value = values[i];
    if (padding && value >= padding[0] && value <= padding[1]) continue;
    counts[table[value] & 0xff] += 1;
    total += 1;
  }
  if (total === 0) return true;
  const at = (/** @type {number} */ share) => {
    let seen = 0;
    for (let grey = 0; grey < 256; grey += 1) {
      seen += counts[grey];
      if (seen >= share * total) return grey;
    }
    return 255;
  };
  const between = total - counts[0] - counts[255];
  return at(0.99) - at(0.01) >= LEAST_SPREAD && between > 0.02 * total;
}

/** Grey in 0..1 of a modality value (DICOM PS3.3 C.11.2.1.2 and C.11.2.1.3).
 * @param {number} value @param {Window} window */
export function greyOf(value, window) {
  const { center, width } = window;
  switch (window.function) {
    case 'SIGMOID':
      return 1 / (1 + Math.exp((-4 * (value - center)) / width));
    case 'LINEAR_EXACT':
      return (value - center) / width + 0.5;
    default:
      return width <= 1
        ? value <= center - 0.5 ? 0 : 1
        : (value - (center - 0.5)) / (width - 1) + 0.5;
  }
}

/** Table from stored value to an opaque grey pixel (0xAABBGGRR).
 * @param {Pixels} pixels @param {Window} window @param {boolean} invert @returns {Uint32Array} */
export function tableOf(pixels, window, invert) {
  const table = new Uint32Array(65536);
  const flip = invert !== pixels.inverted;
  for (let i = 0; i < 65536; i += 1) {
    const unit = greyOf(pixels.slope * i + pixels.intercept, window);
    const grey = unit <= 0 ? 0 : unit >= 1 ? 255 : (unit * 255 + 0.5) | 0;
    table[i] = shade(flip ? 255 - grey : grey);
  }
  return table;
}

/** Table from the film's own VOI LUT. @param {Pixels} pixels
 * @param {{first: number, bits?: number, values: number[]}} lut @param {boolean} invert */
export function tableOfLut(pixels, lut, invert) {
  const table = new Uint32Array(65536);
  const flip = invert !== pixels.inverted;
  const highest = lut.values.reduce((m, v) => Math.max(m, v), 1);
  const stated = lut.bits ? 2 ** lut.bits - 1 : highest;
  const top = highest > stated || highest < stated / 4 ? highest : stated;
  const last = lut.values.length - 1;
  for (let i = 0; i < 65536; i += 1) {
    const at = Math.round(pixels.slope * i + pixels.intercept - lut.first);
    const grey = Math.round((lut.values[Math.min(Math.max(at, 0), last)] / top) * 255);
    table[i] = shade(flip ? 255 - grey : grey);
  }
  return table;
}

const shade = (/** @type {number} */ grey) => (0xff000000 | (grey * 0x010101)) >>> 0;

/** Window between two percentiles of the stored values inside a box of a pyramid level.
 * @param {{data: Uint16Array, width: number, height: number}} level
 * @param {{x0: number, y0: number, x1: number, y1: number}} box in that level's pixels
 * @param {Pixels} pixels @param {number} low @param {number} high @returns {Window} */
export function windowOfRegion(level, box, pixels, low = 0.01, high = 0.99) {
  const counts = new Uint32Array(65536);
  const x0 = Math.max(0, Math.floor(box.x0));
  const x1 = Math.min(level.width, Math.ceil(box.x1));
  const y0 = Math.max(0, Math.floor(box.y0));
  const y1 = Math.min(level.height, Math.ceil(box.y1));
  let total = 0;
  for (let y = y0; y < y1; y += 1) {
    const row = y * level.width;
    for (let x = x0; x < x1; x += 1) counts[level.data[row + x]] += 1;
    total += Math.max(0, x1 - x0);
  }
  if (total === 0) return fullRange(pixels);
  const at = (/** @type {number} */ share) => {
    let seen = 0;
    for (let i = 0; i < 65536; i += 1) {
      seen += counts[i];
      if (seen >= share * total) return i;
    }
    return 65535;
  };
  return between(
    pixels.slope * at(low) + pixels.intercept,
    pixels.slope * at(high) + pixels.intercept,
    smallestStep(pixels),
  );
}

/** @param {number} a @param {number} b @param {number} step @returns {Window} */
function between(a, b, step) {
  return { center: (a + b) / 2, width: Math.max(Math.abs(b - a), step), function: 'LINEAR_EXACT' };
}

/** @param {Pixels} pixels @returns {Window} from the least to the greatest value on the film */
export function fullRange(pixels) {
  return between(
    pixels.slope * pixels.min + pixels.intercept,
    pixels.slope * pixels.max + pixels.intercept,
    smallestStep(pixels),
  );
}

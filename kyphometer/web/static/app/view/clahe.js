/**
 * Local contrast as a view only: contrast-limited adaptive histogram equalisation (Zuiderveld 1994)
 * over a grid of tiles. Runs in a worker; no measurement ever sees its result.
 */

const BINS = 1024;

/** Clip a histogram, share out what was cut off, and return its cumulative map to 0..65535.
 * @param {Uint32Array} counts @param {number} total @param {number} limit times the mean count
 * @returns {Uint16Array} */
export function clippedMap(counts, total, limit) {
  const most = Math.max(1, Math.round((limit * total) / BINS));
  let excess = 0;
  for (let i = 0; i < BINS; i += 1) {
    if (counts[i] > most) {
      excess += counts[i] - most;
      counts[i] = most;
    }
  }
  const share = excess / BINS;
  const map = new Uint16Array(BINS);
  let sum = 0;
  for (let i = 0; i < BINS; i += 1) {
    sum += counts[i] + share;
    map[i] = Math.min(65535, Math.round((sum / Math.max(total, 1)) * 65535));
  }
  return map;
}

/** @param {Uint16Array} bin @param {number} width @param {number} height @param {number} columns
 * @param {number} rows @param {number} limit @returns {Uint16Array[]} map of each tile */
function tileMaps(bin, width, height, columns, rows, limit) {
  const maps = [];
  for (let r = 0; r < rows; r += 1) {
    for (let c = 0; c < columns; c += 1) {
      const counts = new Uint32Array(BINS);
      const x0 = Math.floor((c * width) / columns);
      const x1 = Math.floor(((c + 1) * width) / columns);
      const y0 = Math.floor((r * height) / rows);
      const y1 = Math.floor(((r + 1) * height) / rows);
      for (let y = y0; y < y1; y += 1) {
        for (let x = x0; x < x1; x += 1) counts[bin[y * width + x]] += 1;
      }
      maps.push(clippedMap(counts, (x1 - x0) * (y1 - y0), limit));
    }
  }
  return maps;
}

/** @param {Uint16Array} data @param {number} width @param {number} height @param {number} min
 * @param {number} max @param {{tiles?: number, limit?: number}} options
 * @returns {Uint16Array} equalised film, 0..65535 */
export function equalise(data, width, height, min, max, { tiles = 10, limit = 3 } = {}) {
  const bin = new Uint16Array(data.length);
  const k = (BINS - 1) / Math.max(max - min, 1);
  for (let i = 0; i < data.length; i += 1) {
    const at = ((data[i] - min) * k) | 0;
    bin[i] = at < 0 ? 0 : at > BINS - 1 ? BINS - 1 : at;
  }
  const long = Math.max(width, height);
  const columns = Math.max(2, Math.round((tiles * width) / long));
  const rows = Math.max(2, Math.round((tiles * height) / long));
  const maps = tileMaps(bin, width, height, columns, rows, limit);
  const out = new Uint16Array(data.length);
  for (let y = 0; y < height; y += 1) {
    const ty = Math.min(Math.max(((y + 0.5) * rows) / height - 0.5, 0), rows - 1);
    const r0 = Math.min(Math.floor(ty), rows - 2);
    const wy = ty - r0;
    for (let x = 0; x < width; x += 1) {
      const tx = Math.min(Math.max(((x + 0.5) * columns) / width - 0.5, 0), columns - 1);
      const c0 = Math.min(Math.floor(tx), columns - 2);
      const wx = tx - c0;
      const b = bin[y * width + x];
      const m = r0 * columns + c0;
      const upper = maps[m][b] * (1 - wx) + maps[m + 1][b] * wx;
      const lower = maps[m + columns][b] * (1 - wx) + maps[m + columns + 1][b] * wx;
      out[y * width + x] = upper * (1 - wy) + lower * wy;
    }
  }
  return out;
}

/**
 * A loaded film: its facts, its pixels as a pyramid, and its window.
 * @typedef {import('./pyramid.js').Pyramid} Pyramid
 * @typedef {import('../core/window.js').Window} Window
 */
import { fullRange, smallestStep, spreads, tableOf, tableOfLut, windowOfRegion } from '../core/window.js';
import { UPRIGHT } from '../core/turn.js';
import { buildPyramid, coarse } from './pyramid.js';

const WHOLE = Object.freeze({ center: 32767.5, width: 65535, function: 'LINEAR_EXACT' });

export class FilmImage {
  /** @param {any} facts answer of /api/films/ID @param {import('./arriving.js').Arrived} arrived */
  constructor(facts, { data, min, max, half }) {
    this.facts = facts;
    this.columns = facts.columns;
    this.rows = facts.rows;
    this.aspect = facts.geometry?.aspect || 1;
    this.pixels = { ...facts.pixels, min, max };
    this.plain = buildPyramid(data, facts.columns, facts.rows, half);
    /** @type {?Pyramid} */
    this.local = null;
    this.useLocal = false;
    /** @type {Window} */
    this.localWindow = WHOLE;
    this.invert = false;
    /** @type {import('../core/turn.js').Turn} how it is shown */
    this.turn = UPRIGHT;
    this.presets = this.listPresets();
    this.preset = this.firstPreset();
    /** @type {Window} */
    this.window = this.presets[this.preset].window ?? this.autoWindow(null);
    /** @type {?Uint32Array} */
    this.cached = null;
    /** @type {?Promise<void>} */
    this.preparing = null;
  }

  /** @returns {{key: string, name: ?string, window: ?Window, lut?: any}[]} */
  listPresets() {
    const own = (this.pixels.windows ?? []).map((/** @type {any} */ w, /** @type {number} */ i) => ({
      key: 'own',
      name: w.explanation || String(i + 1),
      window: { center: w.center, width: w.width, function: w.function || 'LINEAR' },
    }));
    const luts = (this.pixels.luts ?? []).map((/** @type {any} */ lut, /** @type {number} */ i) => ({
      key: 'lut',
      name: lut.explanation || `LUT ${i + 1}`,
      window: null,
      lut,
    }));
    return [
      ...luts,
      ...own,
      { key: 'auto', name: null, window: this.autoWindow(null) },
      { key: 'bone', name: null, window: this.autoWindow(null, 0.35, 0.998) },
      { key: 'full', name: null, window: fullRange(this.pixels) },
    ];
  }

  /** The film's own table or window that spreads it over the greys, else the automatic one: the
   * rule of `default_voi` in display.py, so that page, thumbnail and report look alike.
   * @returns {number} */
  firstPreset() {
    const { level } = coarse(this.plain, 400_000);
    const chosen = this.presets.findIndex(({ key, window, lut }) => {
      if (key === 'auto') return true;
      if (!lut && !window) return false;
      const table = lut
        ? tableOfLut(this.pixels, lut, false)
        : tableOf(this.pixels, /** @type {import('../core/window.js').Window} */ (window), false);
      return spreads(table, level.data, this.pixels.padding);
    });
    return Math.max(chosen, 0);
  }

  get pyramid() {
    return this.useLocal && this.local ? this.local : this.plain;
  }

  /** @param {?{x0: number, y0: number, x1: number, y1: number}} box film pixels, null = all
   * @param {number} [low] @param {number} [high] @returns {Window} */
  autoWindow(box, low = 0.01, high = 0.995) {
    const { level, factor } = coarse(this.plain, box ? 4_000_000 : 400_000);
    const all = { x0: 0, y0: 0, x1: this.columns, y1: this.rows };
    const { x0, y0, x1, y1 } = box ?? all;
    const k = 1 / factor;
    const scaled = { x0: x0 * k, y0: y0 * k, x1: x1 * k, y1: y1 * k };
    return windowOfRegion(level, scaled, this.pixels, low, high);
  }

  /** @param {number} index */
  choosePreset(index) {
    this.preset = index;
    const { window } = this.presets[index];
    if (window) this.window = window;
    this.cached = null;
  }

  /** @param {Window} window */
  setWindow(window) {
    const kept = { ...window, width: Math.max(window.width, smallestStep(this.pixels)) };
    if (this.useLocal) this.localWindow = kept;
    else {
      this.window = kept;
      this.preset = -1;
    }
    this.cached = null;
  }

  /** The window that a drag changes. @returns {Window} */
  get activeWindow() {
    return this.useLocal ? this.localWindow : this.window;
  }

  /** Width of all values, for the speed of a drag. */
  get range() {
    if (this.useLocal) return 65535;
    return Math.max(Math.abs(this.pixels.slope) * (this.pixels.max - this.pixels.min), smallestStep(this.pixels));
  }

  /** @param {boolean} invert */
  setInvert(invert) {
    this.invert = invert;
    this.cached = null;
  }

  /** @param {boolean} on */
  setLocal(on) {
    this.useLocal = on;
    this.localWindow = WHOLE;
    this.cached = null;
  }

  /** Table of the present window. @returns {Uint32Array} */
  get table() {
    this.cached ??= this.buildTable();
    return this.cached;
  }

  buildTable() {
    if (this.useLocal && this.local) {
      const plane = { ...this.pixels, slope: 1, intercept: 0 };
      return tableOf(plane, this.localWindow, this.invert);
    }
    const lut = this.presets[this.preset]?.lut;
    if (lut) return tableOfLut(this.pixels, lut, this.invert);
    return tableOf(this.pixels, this.window, this.invert);
  }

  /** Work the local contrast out in a worker, once. @returns {Promise<void>} */
  prepareLocal() {
    if (this.local) return Promise.resolve();
    this.preparing ??= new Promise((/** @type {(done: void) => void} */ resolve, reject) => {
      const worker = new Worker(new URL('./clahe-worker.js', import.meta.url), { type: 'module' });
      worker.addEventListener('message', ({ data }) => {
        this.local = buildPyramid(data, this.columns, this.rows);
        worker.terminate();
        resolve();
      });
      worker.addEventListener('error', (event) => {
        worker.terminate();
        this.preparing = null;
        reject(new Error(event.message || 'local contrast failed'));
      });
      const pixels = this.plain.levels[0].data.slice();
      const { min, max } = this.pixels;
      const job = { pixels, width: this.columns, height: this.rows, min, max };
      worker.postMessage(job, [pixels.buffer]);
    });
    return this.preparing;
  }
}

/**
 * A film on its way: what is there is looked through while the rest is still coming, so that little
 * is left to do when the last piece arrives.
 * @typedef {import('./pyramid.js').Level} Level
 * @typedef {{data: Uint16Array, min: number, max: number, half: Level}} Arrived
 */
import { halveRows, halved } from './pyramid.js';

export class ArrivingFilm {
  /** @param {number} columns @param {number} rows */
  constructor(columns, rows) {
    this.columns = columns;
    this.rows = rows;
    this.data = new Uint16Array(columns * rows);
    this.bytes = new Uint8Array(this.data.buffer);
    this.half = halved(columns, rows);
    this.at = 0;
    this.seen = 0;
    this.min = 65535;
    this.max = 0;
  }

  /** @param {Uint8Array} piece @returns {boolean} false if more comes than the film has */
  add(piece) {
    if (this.at + piece.length > this.bytes.length) return false;
    this.bytes.set(piece, this.at);
    this.at += piece.length;
    this.look();
    return true;
  }

  /** Share of the film that is here. */
  get share() {
    return this.at / this.bytes.length;
  }

  /** Look through the pairs of rows that are whole now. */
  look() {
    const { data, columns, rows } = this;
    const whole = Math.floor(this.at / (2 * columns));
    const to = whole >= rows ? rows : whole & ~1;
    if (to === this.seen) return;
    let { min, max } = this;
    for (let i = this.seen * columns; i < to * columns; i += 1) {
      const value = data[i];
      if (value < min) min = value;
      if (value > max) max = value;
    }
    this.min = min;
    this.max = max;
    halveRows({ width: columns, height: rows, data }, this.half, this.seen >> 1, (to + 1) >> 1);
    this.seen = to;
  }

  /** The whole film, or null if something is missing. @returns {?Arrived} */
  get arrived() {
    if (this.at !== this.bytes.length) return null;
    const { data, min, max, half } = this;
    return { data, min: Math.min(min, max), max, half };
  }
}

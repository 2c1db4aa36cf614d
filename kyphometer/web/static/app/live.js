/**
 * The server's answer for the present document: one request at a time, the latest document next.
 * @typedef {import('./core/document.js').Reading} Reading
 */
import { Emitter } from './core/emitter.js';

export class Live extends Emitter {
  /** @param {import('./api.js').Api} api @param {string} id */
  constructor(api, id) {
    super();
    this.api = api;
    this.id = id;
    /** @type {?Wire.Measured} */
    this.answer = null;
    /** @type {?Reading} */
    this.answered = null;
    /** @type {?Reading} */
    this.wanted = null;
    this.busy = false;
    this.failure = '';
    this.times = /** @type {number[]} */ ([]);
  }

  /** @param {Reading} reading */
  ask(reading) {
    this.wanted = reading;
    if (!this.busy) this.run();
  }

  async run() {
    this.busy = true;
    while (this.wanted) {
      const reading = this.wanted;
      this.wanted = null;
      const start = performance.now();
      try {
        const { draft: _draft, ...document } = reading;
        this.answer = await this.api.measure(this.id, document);
        this.answered = reading;
        this.failure = '';
      } catch (error) {
        this.failure = error instanceof Error ? error.message : String(error);
      }
      this.times.push(performance.now() - start);
      if (this.times.length > 500) this.times.shift();
      this.emit('answer', this.answer);
    }
    this.busy = false;
  }

  /** True if the answer is for this very document. @param {Reading} reading */
  isFor(reading) {
    return this.answered === reading;
  }
}

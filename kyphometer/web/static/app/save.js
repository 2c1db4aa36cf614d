/**
 * Autosave of a draft: soon after every change, again and again while the server is away, with a
 * copy in this browser until the server has it, and never over what someone else saved.
 * @typedef {import('./core/document.js').Reading} Reading
 * @typedef {'saved'|'pending'|'saving'|'offline'|'conflict'|'refused'} SaveState
 */
import { ApiError, OfflineError } from './api.js';
import { Emitter } from './core/emitter.js';

const QUIET_MS = 350;
const RETRY_MS = [800, 1500, 3000, 5000];

/** Where this browser keeps unsaved work on a film: of this reader and this very film, since others
 * may use this browser, and another study at the same address has films of the same numbers.
 * @param {any} config @param {any} facts */
export function slotOf(config, facts) {
  const { film_id: id, label, date, rows, columns } = facts;
  return ['kyphometer.draft', config.user?.name, config.observer, id, label, date, rows, columns].join('|');
}

/** Copy of unsaved work in this browser. */
export const backup = {
  /** @param {string} slot @param {any} entry */
  write(slot, entry) {
    try {
      localStorage.setItem(slot, JSON.stringify(entry));
    } catch {
      // No room in the browser: the work is still in the page and is tried again.
    }
  },
  /** @param {string} slot @returns {?{base: ?string, document: Reading}} */
  read(slot) {
    try {
      return JSON.parse(localStorage.getItem(slot) ?? 'null');
    } catch {
      return null;
    }
  },
  /** @param {string} slot */
  drop(slot) {
    try {
      localStorage.removeItem(slot);
    } catch {
      // Nothing was stored.
    }
  },
};

export class Saver extends Emitter {
  /** @param {import('./api.js').Api} api @param {string} id @param {string} slot
   * @param {?string} base @param {(reading: Reading) => Reading} dressed adds the page's own draft
   *   members */
  constructor(api, id, slot, base, dressed) {
    super();
    this.api = api;
    this.id = id;
    this.slot = slot;
    this.base = base;
    this.dressed = dressed;
    /** @type {?Reading} */
    this.waiting = null;
    /** @type {SaveState} */
    this.state = 'saved';
    this.message = '';
    this.timer = 0;
    this.tries = 0;
    /** @type {?Promise<void>} */
    this.running = null;
    this.online = () => this.flush();
    addEventListener('online', this.online);
  }

  /** @param {SaveState} state @param {string} [message] */
  become(state, message = '') {
    this.state = state;
    this.message = message;
    this.emit('state', state);
  }

  get isSafe() {
    return this.waiting === null && !this.running;
  }

  /** @param {Reading} reading */
  schedule(reading) {
    this.waiting = reading;
    backup.write(this.slot, { base: this.base, document: this.dressed(reading) });
    if (this.state === 'conflict') return;
    this.become(this.state === 'offline' ? 'offline' : 'pending');
    this.wait(QUIET_MS);
  }

  /** @param {number} ms */
  wait(ms) {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.flush(), ms);
  }

  /** Save now what waits. @param {{leaving?: boolean}} [how] @returns {Promise<void>} */
  async flush({ leaving = false } = {}) {
    clearTimeout(this.timer);
    if (this.running) await this.running;
    if (!this.waiting || this.state === 'conflict') return;
    this.running = this.send(this.waiting, leaving);
    await this.running;
    this.running = null;
    if (this.state === 'pending') this.wait(QUIET_MS);
  }

  /** @param {Reading} reading @param {boolean} leaving */
  async send(reading, leaving) {
    if (this.state !== 'offline') this.become('saving');
    try {
      const { etag } = await this.api.saveDraft(this.id, this.dressed(reading), this.base, leaving);
      this.settle(etag, reading);
    } catch (error) {
      this.fail(error);
    }
  }

  /** The server has it. @param {string} etag @param {?Reading} reading */
  settle(etag, reading) {
    this.base = etag;
    this.tries = 0;
    if (this.waiting === reading) {
      this.waiting = null;
      backup.drop(this.slot);
    } else if (this.waiting) {
      backup.write(this.slot, { base: etag, document: this.dressed(this.waiting) });
    }
    this.become(this.waiting ? 'pending' : 'saved');
  }

  /** @param {any} error */
  fail(error) {
    if (error instanceof ApiError && error.status === 409) {
      this.become('conflict', error.message);
      this.emit('conflict', error.body);
      return;
    }
    const away = error instanceof OfflineError;
    const signedOut = error instanceof ApiError && error.status === 401; // tried again with the next mark
    const later = away || (error instanceof ApiError && error.status >= 500);
    this.become(away || signedOut ? 'offline' : 'refused', error.message);
    if (later) {
      this.wait(RETRY_MS[Math.min(this.tries, RETRY_MS.length - 1)]);
      this.tries += 1;
    }
  }

  /** Go on from what the server has now. @param {string} etag */
  rebase(etag) {
    this.base = etag;
    this.become(this.waiting ? 'pending' : 'saved');
  }

  dispose() {
    clearTimeout(this.timer);
    removeEventListener('online', this.online);
  }
}

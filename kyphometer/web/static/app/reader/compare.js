/**
 * Other visits beside this one, or one of them laid over it. The films are brought together by the
 * endplates marked on both; without them by their size and their centres. Each film carries its own
 * marks; what lies under another film cannot be marked.
 * @typedef {import('../core/geometry.js').Point} Point
 * @typedef {import('../core/geometry.js').Similarity} Similarity
 */
import { normalised } from '../core/document.js';
import { applySimilarity, clamp, invertSimilarity } from '../core/geometry.js';
import { drawTurned } from '../view/draw.js';
import { MarkLayer } from '../view/layer.js';
import { placeOf } from '../view/viewport.js';
import { Beside } from './beside.js';

/** How many films stand beside the one that is read, at most. */
export const MOST_BESIDE = 3;

export class Compare {
  /** @param {import('./stage.js').Stage} stage @param {HTMLElement} films container of all
   * @param {() => void} changed @param {string} title of the marks of another visit */
  constructor(stage, films, changed, title) {
    this.stage = stage;
    this.films = films;
    this.changed = changed;
    /** @type {Beside[]} the last one is laid over the film in swipe and flicker */
    this.besides = [];
    /** @type {''|'side'|'swipe'|'flicker'} */
    this.mode = '';
    this.linked = true;
    this.split = 0.5;
    this.flickered = false;
    this.busy = false;
    this.overlay = document.createElement('canvas');
    this.overlay.className = 'overlay';
    this.overlay.setAttribute('aria-hidden', 'true');
    this.marks = new MarkLayer({ label: () => '', interactive: false, title });
    this.marks.root.classList.add('of-overlay');
    stage.pane.canvas.after(this.overlay, this.marks.root);
    this.hideOverlay();
    stage.pane.onView = () => this.follow(null);
    stage.pane.onDrawn = () => this.drawOverlay();
    stage.covering = (at) => this.covers(at);
    stage.overlaid = () => this.other?.film ?? null;
  }

  get isOpen() {
    return this.mode !== '';
  }

  /** The film that is laid over this one. @returns {?Beside} */
  get other() {
    return this.besides.at(-1) ?? null;
  }

  /** @param {string} id */
  has(id) {
    return this.besides.some((beside) => beside.id === id);
  }

  /** True if another film lies over that place of the pane, or over all of it with null.
   * @param {?Point} at */
  covers(at) {
    if (this.mode === 'flicker') return this.flickered;
    return this.mode === 'swipe' && at !== null && at[0] >= this.split * this.stage.pane.view.width;
  }

  /** @param {import('../view/film.js').FilmImage} film @param {?any} document */
  add(film, document) {
    const known = this.besides.findIndex((beside) => beside.id === film.facts.film_id);
    if (known >= 0) this.besides.push(...this.besides.splice(known, 1));
    else {
      const beside = new Beside(film, document ? normalised(document) : null);
      beside.viewer.pane.onView = () => this.follow(beside);
      this.besides.push(beside);
      while (this.besides.length > MOST_BESIDE) this.besides.shift()?.dispose();
    }
    this.setMode(this.mode || 'side');
  }

  /** @param {string} id */
  remove(id) {
    const at = this.besides.findIndex((beside) => beside.id === id);
    if (at < 0) return;
    this.besides.splice(at, 1)[0].dispose();
    this.setMode(this.besides.length ? this.mode : '');
  }

  clear() {
    for (const beside of this.besides.splice(0)) beside.dispose();
    this.setMode('');
  }

  /** @param {''|'side'|'swipe'|'flicker'} mode */
  setMode(mode) {
    this.mode = mode;
    this.flickered = mode === 'flicker';
    this.films.dataset.compare = mode;
    this.films.dataset.panes = String(mode === 'side' ? this.besides.length + 1 : 1);
    for (const beside of this.besides) {
      if (mode === 'side') this.films.append(beside.root);
      else beside.root.remove();
    }
    if (mode === 'side') {
      this.stage.pane.resize();
      for (const beside of this.besides) beside.viewer.pane.resize();
      this.stage.keepMarksInView();
    }
    if (mode) this.align();
    this.changed();
    this.stage.pane.invalidate();
  }

  /** Bring the films together as well as is known now. */
  align() {
    const { session, pane } = this.stage;
    if (!session || !pane.film) return;
    for (const beside of this.besides) beside.align(session.reading, pane.film);
    this.follow(null);
  }

  /** @param {boolean} linked linking keeps what all panes show now */
  setLinked(linked) {
    this.linked = linked;
    if (linked && this.mode === 'side') for (const beside of this.besides) beside.keep(this.stage.pane.view);
    this.changed();
  }

  /** The other panes follow one of them. @param {?Beside} from null: the film that is read */
  follow(from) {
    if (from === null) this.stage.followView();
    if (this.busy || !this.linked || this.mode !== 'side') return;
    this.busy = true;
    if (from) from.lead(this.stage.pane);
    for (const beside of this.besides) if (beside !== from) beside.followPane(this.stage.pane);
    this.busy = false;
  }

  /** Show or hide the other visit where it is laid over this one. */
  flick() {
    this.flickered = !this.flickered;
    this.stage.pane.invalidate();
    this.changed();
  }

  /** @param {number} split 0..1 */
  setSplit(split) {
    this.split = clamp(split, 0, 1);
    this.clip();
    this.changed();
  }

  /** Each film's marks end where the film does. */
  clip() {
    const swipe = this.mode === 'swipe';
    const right = swipe ? `inset(0 0 0 ${this.split * 100}%)` : 'none';
    const left = swipe ? `inset(0 ${(1 - this.split) * 100}% 0 0)` : 'none';
    for (const node of [this.overlay, this.marks.root]) node.style.clipPath = right;
    const own = this.stage.layer.root;
    own.style.clipPath = left;
    own.style.visibility = this.mode === 'flicker' && this.flickered ? 'hidden' : '';
  }

  hideOverlay() {
    this.overlay.hidden = true;
    this.marks.root.toggleAttribute('hidden', true);
  }

  drawOverlay() {
    const shown = this.mode === 'swipe' || (this.mode === 'flicker' && this.flickered);
    const { pane } = this.stage;
    const other = this.other;
    this.clip();
    if (!shown || !pane.film || !other?.transform) {
      this.hideOverlay();
      return;
    }
    this.overlay.hidden = false;
    this.marks.root.toggleAttribute('hidden', false);
    const { width, height } = pane.canvas;
    if (this.overlay.width !== width || this.overlay.height !== height || !this.image) {
      this.overlay.width = width;
      this.overlay.height = height;
      this.image = new ImageData(width, height);
      this.words = new Uint32Array(this.image.data.buffer);
    }
    const words = /** @type {Uint32Array} */ (this.words);
    drawTurned(other.film.pyramid, other.film.table, words, width, height, this.place(other));
    this.overlay.getContext('2d')?.putImageData(this.image, 0, 0);
    this.marks.show(other.viewer.sceneFor(this.projection(other), pane.view.width));
  }

  /** From the other film to the pane, while it is laid over this one. @param {Beside} other
   * @returns {(p: Point) => Point} */
  projection(other) {
    const { pane } = this.stage;
    const back = invertSimilarity(/** @type {Similarity} */ (other.transform));
    return ([x, y]) => {
      const [u, v] = applySimilarity(back, [x, y * other.film.aspect]);
      return pane.toScreen([u, v / pane.view.aspect]);
    };
  }

  /** Where the first device pixel lies on the other film, and the steps from there.
   * @param {Beside} other */
  place(other) {
    const { pane } = this.stage;
    const map = /** @type {Similarity} */ (other.transform);
    const first = placeOf(pane.view, pane.ratio);
    const there = (/** @type {number} */ fx, /** @type {number} */ fy) => {
      const [x, y] = applySimilarity(map, [fx, fy * pane.view.aspect]);
      return [x, y / other.film.aspect];
    };
    const [x, y] = there(first.x, first.y);
    const right = there(first.x + first.ux, first.y + first.uy);
    const down = there(first.x + first.vx, first.y + first.vy);
    return { x, y, ux: right[0] - x, uy: right[1] - y, vx: down[0] - x, vy: down[1] - y };
  }
}

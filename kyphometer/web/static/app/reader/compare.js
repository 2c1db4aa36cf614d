/**
 * Another visit beside this one or laid over it. The films are brought together by the endplates
 * marked on both; without them by their size and their centres.
 * @typedef {import('../core/geometry.js').Point} Point
 * @typedef {import('../core/geometry.js').Similarity} Similarity
 */
import { cornersOf, markOf, normalised } from '../core/document.js';
import { applySimilarity, clamp, fitSimilarity, invertSimilarity } from '../core/geometry.js';
import { drawTurned } from '../view/draw.js';

/** @param {any} reading @param {any} other @param {number} a @param {number} b aspects
 * @returns {?Similarity} from the marks on both films, in square pixels */
export function fromMarks(reading, other, a, b) {
  /** @type {Point[]} */
  const from = [];
  /** @type {Point[]} */
  const to = [];
  for (const corner of cornersOf(reading)) {
    const mate = markOf(other, corner);
    if (!mate || corner.corner === 'middle') continue;
    from.push([corner.mark.xy[0], corner.mark.xy[1] * a]);
    to.push([mate.xy[0], mate.xy[1] * b]);
  }
  return from.length >= 4 ? fitSimilarity(from, to) : null;
}

/** @param {any} film @param {any} other @returns {Similarity} by size and centre */
export function fromSize(film, other) {
  const [mine, theirs] = [film.facts.geometry, other.facts.geometry];
  const known = mine?.column_mm && theirs?.column_mm;
  const scale = known ? mine.column_mm / theirs.column_mm : other.columns / film.columns;
  return {
    scale,
    cos: 1,
    sin: 0,
    tx: other.columns / 2 - (scale * film.columns) / 2,
    ty: (other.rows * other.aspect) / 2 - (scale * film.rows * film.aspect) / 2,
  };
}

export class Compare {
  /** @param {import('./stage.js').Stage} stage @param {import('./viewer.js').Viewer} viewer
   * @param {HTMLElement} films container of both @param {() => void} changed */
  constructor(stage, viewer, films, changed) {
    this.stage = stage;
    this.viewer = viewer;
    this.films = films;
    this.changed = changed;
    /** @type {''|'side'|'swipe'|'flicker'} */
    this.mode = '';
    this.linked = true;
    this.split = 0.5;
    this.flickered = false;
    /** @type {?Similarity} */
    this.transform = null;
    this.busy = false;
    this.overlay = document.createElement('canvas');
    this.overlay.className = 'overlay';
    this.overlay.setAttribute('aria-hidden', 'true');
    stage.pane.canvas.after(this.overlay);
    this.overlay.hidden = true;
    stage.pane.onView = () => this.follow(true);
    viewer.pane.onView = () => this.follow(false);
    stage.pane.onDrawn = () => this.drawOverlay();
  }

  get isOpen() {
    return this.mode !== '';
  }

  /** @param {import('../view/film.js').FilmImage} film @param {?any} document */
  open(film, document) {
    this.viewer.show(film, document ? normalised(document) : null);
    this.transform = null;
    this.setMode(this.mode || 'side');
  }

  /** @param {''|'side'|'swipe'|'flicker'} mode */
  setMode(mode) {
    this.mode = mode;
    this.flickered = mode === 'flicker';
    this.films.dataset.compare = mode;
    this.viewer.root.parentElement?.toggleAttribute('hidden', mode !== 'side');
    if (mode === 'side') {
      this.stage.pane.resize();
      this.viewer.pane.resize();
    }
    if (mode) this.align();
    this.changed();
    this.stage.pane.invalidate();
  }

  /** Bring the films together as well as is known now. */
  align() {
    const { session, pane } = this.stage;
    const other = this.viewer.pane.film;
    if (!session || !pane.film || !other) return;
    const marks = this.viewer.reading
      ? fromMarks(session.reading, this.viewer.reading, pane.film.aspect, other.aspect)
      : null;
    this.transform = marks ?? this.transform ?? fromSize(pane.film, other);
    this.follow(true);
  }

  /** @param {boolean} linked linking keeps what both panes show now */
  setLinked(linked) {
    this.linked = linked;
    const [a, b] = [this.stage.pane.view, this.viewer.pane.view];
    if (linked && this.mode === 'side') {
      const scale = a.zoom / b.zoom;
      this.transform = {
        scale,
        cos: 1,
        sin: 0,
        tx: b.cx - scale * a.cx,
        ty: b.cy * b.aspect - scale * a.cy * a.aspect,
      };
    }
    this.changed();
  }

  /** One pane follows the other. @param {boolean} fromStage */
  follow(fromStage) {
    if (fromStage) this.stage.followView();
    if (this.busy || !this.linked || !this.transform || this.mode !== 'side') return;
    const [from, to] = fromStage ? [this.stage.pane, this.viewer.pane] : [this.viewer.pane, this.stage.pane];
    if (!from.film || !to.film) return;
    const map = fromStage ? this.transform : invertSimilarity(this.transform);
    const [x, y] = applySimilarity(map, [from.view.cx, from.view.cy * from.view.aspect]);
    this.busy = true;
    to.setView({ ...to.view, cx: x, cy: y / to.view.aspect, zoom: from.view.zoom / map.scale });
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
    this.overlay.style.clipPath = `inset(0 0 0 ${this.split * 100}%)`;
    this.changed();
  }

  drawOverlay() {
    const shown = this.mode === 'swipe' || (this.mode === 'flicker' && this.flickered);
    const { pane } = this.stage;
    const other = this.viewer.pane.film;
    this.overlay.hidden = !shown;
    if (!shown || !pane.film || !other || !this.transform) return;
    const { width, height } = pane.canvas;
    if (this.overlay.width !== width || this.overlay.height !== height || !this.image) {
      this.overlay.width = width;
      this.overlay.height = height;
      this.image = new ImageData(width, height);
      this.words = new Uint32Array(this.image.data.buffer);
    }
    const words = /** @type {Uint32Array} */ (this.words);
    drawTurned(other.pyramid, other.table, words, width, height, this.place(other));
    this.overlay.getContext('2d')?.putImageData(this.image, 0, 0);
    this.overlay.style.clipPath = this.mode === 'swipe' ? `inset(0 0 0 ${this.split * 100}%)` : 'none';
  }

  /** Where the first device pixel lies on the other film, and the steps from there.
   * @param {any} other */
  place(other) {
    const { pane } = this.stage;
    const map = /** @type {Similarity} */ (this.transform);
    const half = 0.5 / pane.ratio;
    const [fx, fy] = pane.toFilm([half, half]);
    const [x, y] = applySimilarity(map, [fx, fy * pane.view.aspect]);
    const step = map.scale / (pane.view.zoom * pane.ratio);
    const k = 1 / other.aspect;
    return {
      x,
      y: y * k,
      ux: step * map.cos,
      uy: step * map.sin * k,
      vx: -step * map.sin,
      vy: step * map.cos * k,
    };
  }
}

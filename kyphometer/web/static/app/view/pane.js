/**
 * One film on the screen: its pixels on a canvas, its marks in an SVG over it, and where one looks.
 * Drawing is put off to the next frame and done once for it.
 * @typedef {import('./film.js').FilmImage} FilmImage
 * @typedef {import('./viewport.js').View} View
 * @typedef {import('./scene.js').Scene} Scene
 * @typedef {import('../core/geometry.js').Point} Point
 */
import { isUpright, UPRIGHT } from '../core/turn.js';
import { drawSquare } from './draw.js';
import { Readout } from './readout.js';
import { blend, fitted, placeOf, toFilm, toScreen } from './viewport.js';

const GLIDE_MS = 170;

export class Pane {
  /** @param {HTMLElement} root @param {import('./layer.js').MarkLayer} layer */
  constructor(root, layer) {
    this.root = root;
    this.layer = layer;
    this.canvas = document.createElement('canvas');
    this.canvas.className = 'pixels';
    this.canvas.setAttribute('aria-hidden', 'true');
    this.context = /** @type {CanvasRenderingContext2D} */ (
      this.canvas.getContext('2d', { alpha: false })
    );
    root.append(this.canvas, layer.root);
    this.readout = new Readout(root);
    /** @type {() => ?Point} where anterior is, on the film */
    this.forward = () => null;
    /** @type {() => ?import('../core/geometry.js').KnownScale} pixels by an object of known size */
    this.known = () => null;
    /** @type {?FilmImage} */
    this.film = null;
    /** @type {View} */
    this.view = { cx: 0, cy: 0, zoom: 1, aspect: 1, width: 1, height: 1, turn: UPRIGHT };
    this.ratio = 1;
    /** @type {() => Scene} */
    this.scene = () => ({ plates: [], corners: [], names: [], angles: [] });
    /** @type {(view: View) => void} */
    this.onView = () => {};
    /** @type {() => void} after the pixels were drawn */
    this.onDrawn = () => {};
    this.stale = { pixels: false, marks: false };
    this.frame = 0;
    this.glide = 0;
    this.fittedNow = true;
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(root);
  }

  /** @param {?FilmImage} film */
  setFilm(film) {
    this.film = film;
    if (film) this.setView(fitted({ ...this.view, aspect: film.aspect, turn: film.turn }, film), true);
    this.invalidate();
  }

  /** Show the film turned; what is in the middle stays there. @param {import('../core/turn.js').Turn} turn */
  setTurn(turn) {
    const { film } = this;
    if (!film) return;
    film.turn = turn;
    const view = { ...this.view, turn };
    this.setView(this.fittedNow ? fitted(view, film) : view, this.fittedNow);
  }

  resize() {
    const { clientWidth, clientHeight } = this.root;
    if (clientWidth === 0 || clientHeight === 0) return;
    this.ratio = Math.min(window.devicePixelRatio || 1, 2);
    const width = Math.round(clientWidth * this.ratio);
    const height = Math.round(clientHeight * this.ratio);
    if (this.canvas.width !== width || this.canvas.height !== height) {
      this.canvas.width = width;
      this.canvas.height = height;
      this.image = this.context.createImageData(width, height);
      this.words = new Uint32Array(this.image.data.buffer);
    }
    const view = { ...this.view, width: clientWidth, height: clientHeight };
    this.setView(this.fittedNow && this.film ? fitted(view, this.film) : view, this.fittedNow);
    this.draw();
  }

  /** @param {View} view @param {boolean} [isFit] stay fitted when the pane changes its size */
  setView(view, isFit = false) {
    this.stopGlide();
    this.view = view;
    this.fittedNow = isFit;
    this.invalidate();
    this.onView(view);
  }

  /** Move there smoothly, or at once for those who prefer no motion. @param {View} view
   * @param {boolean} [isFit] */
  glideTo(view, isFit = false) {
    this.stopGlide();
    if (matchMedia('(prefers-reduced-motion: reduce)').matches) {
      this.setView(view, isFit);
      return;
    }
    const from = this.view;
    const start = performance.now();
    const step = (/** @type {number} */ now) => {
      const t = Math.min(Math.max((now - start) / GLIDE_MS, 0), 1);
      this.setView(blend(from, view, 1 - (1 - t) ** 3), isFit && t === 1);
      if (t < 1) this.glideOn(step);
    };
    this.glideOn(step);
  }

  /** `data-moving` tells that the view has not arrived yet. @param {FrameRequestCallback} step */
  glideOn(step) {
    this.glide = requestAnimationFrame(step);
    this.root.toggleAttribute('data-moving', true);
  }

  stopGlide() {
    cancelAnimationFrame(this.glide);
    this.root.toggleAttribute('data-moving', false);
  }

  /** @param {Point} p */
  toScreen(p) {
    return toScreen(this.view, p);
  }

  /** @param {Point} s @returns {Point} */
  toFilm(s) {
    return toFilm(this.view, s);
  }

  /** @param {{clientX: number, clientY: number}} event @returns {Point} */
  local(event) {
    const box = this.root.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  invalidate(what = { pixels: true, marks: true }) {
    this.stale.pixels ||= Boolean(what.pixels);
    this.stale.marks ||= Boolean(what.marks);
    if (!this.frame) this.frame = requestAnimationFrame(() => this.draw());
  }

  draw() {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    if (this.stale.pixels) this.drawPixels();
    if (this.stale.pixels || this.stale.marks) this.layer.show(this.scene());
    this.stale = { pixels: false, marks: false };
    this.readout.show(this, this.forward());
  }

  drawPixels() {
    if (!this.image || !this.words) return;
    if (!this.film) {
      this.words.fill(0xff000000);
    } else {
      const { width, height } = this.image;
      const place = placeOf(this.view, this.ratio);
      drawSquare(this.film.pyramid, this.film.table, this.words, width, height, place);
    }
    this.context.putImageData(this.image, 0, 0);
    this.onDrawn();
    if (!this.film) return;
    const { cx, cy, zoom, aspect, turn } = this.view;
    this.root.dataset.view = `${cx} ${cy} ${zoom} ${aspect}`;
    if (isUpright(turn)) delete this.root.dataset.turn;
    else this.root.dataset.turn = turn.join(' ');
  }

  dispose() {
    this.observer.disconnect();
    cancelAnimationFrame(this.frame);
    cancelAnimationFrame(this.glide);
  }
}

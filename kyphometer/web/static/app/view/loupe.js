/**
 * The magnifier: a round view of the film around a point, away from the pointer so that neither hand
 * nor cursor hides it, with the endplate lines in it.
 * @typedef {import('./pane.js').Pane} Pane
 * @typedef {import('../core/geometry.js').Point} Point
 */
import { drawSquare } from './draw.js';
import { paintLines } from './paint.js';
import { clamp } from '../core/geometry.js';
import { placeOf, toScreen } from './viewport.js';

const SIZE = 190;
const AWAY = 34;

export class Loupe {
  /** @param {Pane} pane */
  constructor(pane) {
    this.pane = pane;
    this.enabled = true;
    this.canvas = document.createElement('canvas');
    this.canvas.className = 'loupe';
    this.canvas.setAttribute('aria-hidden', 'true');
    this.canvas.hidden = true;
    this.context = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext('2d'));
    pane.root.append(this.canvas);
  }

  /** @param {Point} film point to magnify
   * @param {(project: (p: Point) => Point) => import('./scene.js').Scene} sceneFor
   * @param {boolean} touch further away, above the finger */
  show(film, sceneFor, touch = false) {
    const { pane } = this;
    if (!this.enabled || !pane.film) return;
    const { ratio, view } = pane;
    const size = Math.round(SIZE * ratio);
    if (this.canvas.width !== size) {
      this.canvas.width = size;
      this.canvas.height = size;
      this.image = this.context.createImageData(size, size);
      this.words = new Uint32Array(this.image.data.buffer);
    }
    const zoom = clamp(view.zoom * 2.5, 2, 12);
    const closer = { ...view, cx: film[0], cy: film[1], zoom: zoom * ratio, width: size, height: size };
    const image = /** @type {ImageData} */ (this.image);
    const words = /** @type {Uint32Array} */ (this.words);
    drawSquare(pane.film.pyramid, pane.film.table, words, size, size, placeOf(closer, 1));
    this.context.putImageData(image, 0, 0);
    paintLines(this.context, sceneFor((p) => toScreen(closer, p)), ratio);
    this.paintCross(size, ratio);
    this.placeAt(pane.toScreen(film), touch);
    this.canvas.hidden = false;
  }

  /** @param {number} size @param {number} k */
  paintCross(size, k) {
    const ctx = this.context;
    const c = size / 2;
    ctx.beginPath();
    for (const [x, y] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
      ctx.moveTo(c + x * 5 * k, c + y * 5 * k);
      ctx.lineTo(c + x * 16 * k, c + y * 16 * k);
    }
    ctx.strokeStyle = 'rgba(0, 0, 0, 0.8)';
    ctx.lineWidth = 3.6 * k;
    ctx.stroke();
    ctx.strokeStyle = '#ffffff';
    ctx.lineWidth = 1.6 * k;
    ctx.stroke();
  }

  /** Above and beside the point; below it where there is no room. @param {Point} at
   * @param {boolean} touch */
  placeAt(at, touch) {
    const { width, height } = this.pane.view;
    const away = touch ? AWAY + 30 : AWAY;
    const beside = at[0] < width / 2 ? at[0] + away : at[0] - away - SIZE;
    const above = at[1] - away - SIZE;
    const y = above >= 4 ? above : at[1] + away;
    this.canvas.style.transform = `translate(${clamp(beside, 4, width - SIZE - 4)}px, ${clamp(y, 4, height - SIZE - 4)}px)`;
  }

  hide() {
    this.canvas.hidden = true;
  }
}

/**
 * The other visit's film, to look at only: same pointer as the stage, but nothing to mark.
 * @typedef {import('../view/film.js').FilmImage} FilmImage
 */
import { cornersOf } from '../core/document.js';
import { boxAround } from './box.js';
import { angleOf, facingOf, forwardOf, pairsOf } from '../core/preview.js';
import { number, pairName, t } from '../i18n.js';
import { MarkLayer } from '../view/layer.js';
import { Pane } from '../view/pane.js';
import { sceneOf } from '../view/scene.js';

export class Viewer {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.layer = new MarkLayer({ label: () => '', interactive: false, title: t('beside.marks') });
    this.pane = new Pane(root, this.layer);
    this.pane.scene = () => this.sceneFor((p) => this.pane.toScreen(p), this.pane.view.width, this.pane.view.height);
    this.pane.forward = () => this.forward();
    this.session = null;
    this.cursor = null;
    this.loupe = { hide() {} };
    /** @type {?import('../core/document.js').Reading} */
    this.reading = null;
  }

  /** @param {FilmImage} film @param {?import('../core/document.js').Reading} reading */
  show(film, reading) {
    this.reading = reading;
    this.pane.setFilm(film);
    this.pane.resize();
  }

  /** Where anterior is on the film. */
  forward() {
    const facing = this.pane.film?.facts.facing ?? null;
    return this.reading ? forwardOf(this.reading, facingOf(this.reading, facing)) : null;
  }

  /** @param {import('../core/turn.js').Turn} turn */
  setTurn(turn) {
    this.pane.setTurn(turn);
  }

  markedBox() {
    return boxAround(this.reading ? cornersOf(this.reading).map((c) => c.mark.xy) : []);
  }

  filmAt() {
    return this.pane.film;
  }

  isCovered() {
    return false;
  }

  /** @param {(p: import('../core/geometry.js').Point) => import('../core/geometry.js').Point} project
   * @param {number} width of the pane, for the angles' names @param {number} [height] */
  sceneFor(project, width, height) {
    const { film } = this.pane;
    if (!this.reading || !film) return { plates: [], corners: [], names: [], angles: [] };
    const reading = this.reading;
    const facing = facingOf(reading, film.facts.facing ?? null);
    const angles = pairsOf(reading).flatMap((pair) => {
      const value = angleOf(reading, pair, film.facts.geometry, facing);
      if (value === null) return [];
      return [{ ...pair, text: `${pair.code} ${number(value)}°`, pair: pairName(pair.upper, pair.lower) }];
    });
    return sceneOf(reading, project, {
      forward: forwardOf(reading, facing),
      selected: null,
      flagged: new Set(),
      settled: true,
      width,
      height,
      angles,
      short: (side) => t(`side.${side}.short`),
    });
  }

  cornerAt() {
    return null;
  }

  moveCursor() {}

  magnify() {}

  followView() {}
}

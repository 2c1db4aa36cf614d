/**
 * The film that is being read: joins the session to its pane, the magnifier and the crosshair, and
 * moves the view to where the next endplate is expected.
 * @typedef {import('../core/geometry.js').Point} Point
 */
import { cornersOf, refOf } from '../core/document.js';
import { distance, knownScale } from '../core/geometry.js';
import { expected } from '../core/plan.js';
import { bodyAt } from '../core/proposal.js';
import { forwardOf, pairsOf } from '../core/preview.js';
import { endplateName, pairName, t } from '../i18n.js';
import { angleText } from '../ui/angles.js';
import { boxAround, boxOf } from './box.js';
import { MarkLayer } from '../view/layer.js';
import { Loupe } from '../view/loupe.js';
import { Pane } from '../view/pane.js';
import { linesOf, othersOf, proposedOf } from '../view/others.js';
import { sceneOf } from '../view/scene.js';
import { anchored, centredOn, extent, fitted, fitZoom, toScreen } from '../view/viewport.js';

const NO_KEYS = new Set();
const USUAL_ENDPLATE_MM = 36;
/** Part of a narrow pane that the marks may fill. */
const ROOM = 0.62;

export class Stage {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    /** @type {MarkLayer} */
    this.layer = new MarkLayer({
      label: (key) => cornerLabel(this, key),
      interactive: true,
      title: t('marks.title'),
    });
    this.pane = new Pane(root, this.layer);
    this.loupe = new Loupe(this.pane);
    this.pane.scene = () => this.sceneFor((p) => this.pane.toScreen(p), this.pane.view.height);
    this.pane.forward = () => (this.session ? forwardOf(this.session.reading, this.session.facing) : null);
    this.pane.known = () => knownScale(this.session?.reading, this.pane.film?.facts.geometry ?? null);
    /** @type {?import('../session.js').Session} */
    this.session = null;
    /** @type {?Point} keyboard crosshair, on the film */
    this.cursor = null;
    this.hidden = false;
    /** @type {Set<string>} corners the findings speak of */
    this.flagged = NO_KEYS;
    /** @type {any[]} other readings of this film that are drawn with it */
    this.others = [];
    /** @type {(at: ?Point) => boolean} whether another film lies over that place; null: over all */
    this.covering = () => false;
    /** @type {() => ?import('../view/film.js').FilmImage} the film that lies over this one */
    this.overlaid = () => null;
    // Not on the SVG: Chromium makes one that listens for focus a stop of its own.
    root.addEventListener('focusin', (/** @type {any} */ event) => {
      const key = event.target.closest('[data-key]')?.dataset.key;
      if (key) this.session?.select(key);
    });
  }

  /** @param {import('../session.js').Session} session @param {import('../view/film.js').FilmImage} film */
  open(session, film) {
    this.session = session;
    session.turn = film.turn;
    this.cursor = null;
    this.pane.setFilm(film);
    this.pane.resize();
    this.loupe.enabled = session.prefs.loupe;
    const marksOnly = { pixels: false, marks: true };
    for (const name of ['reading', 'selection', 'measured', 'target', 'lines', 'proposal']) {
      session.on(name, () => this.pane.invalidate(marksOnly));
    }
    session.on('advance', (detail) => this.advance(detail));
    if (cornersOf(session.reading).length > 0 && session.prefs.autoZoom) this.showMarks(false);
  }

  /** @param {(p: Point) => Point} project @param {number} [height] of the pane, where names of angles
   * are to keep clear of what is drawn */
  sceneFor(project, height) {
    const { session } = this;
    if (!session || this.hidden) return { plates: [], corners: [], names: [], angles: [] };
    const angles = pairsOf(session.reading).map((pair) => ({
      ...pair,
      text: angleText(session, pair),
      pair: pairName(pair.upper, pair.lower),
    }));
    const scene = sceneOf(session.reading, project, {
      forward: forwardOf(session.reading, session.facing),
      selected: session.selected,
      flagged: this.flagged,
      settled: session.isConfirmed,
      width: this.pane.view.width,
      height,
      angles: angles.filter((angle) => angle.text !== ''),
      short: (/** @type {string} */ side) => t(`side.${side}.short`),
    });
    return { ...scene, others: [...othersOf(this.others, project), ...linesOf(session, project), ...proposedOf(session, project)] };
  }

  /** Nothing can be marked where another film lies over this one. @param {?Point} [at] */
  isCovered(at = null) {
    return this.covering(at);
  }

  /** The film that is seen at a place. @param {?Point} [at] */
  filmAt(at = null) {
    return this.isCovered(at) ? this.overlaid() : this.pane.film;
  }

  /** The nearest corner within reach of a place in the pane, or null.
   * @param {Point} at @param {number} reach CSS pixels @returns {?string} */
  cornerAt(at, reach) {
    if (!this.session || this.hidden || this.isCovered(at)) return null;
    let best = null;
    let least = reach;
    for (const corner of cornersOf(this.session.reading)) {
      const d = distance(this.pane.toScreen(corner.mark.xy), at);
      if (d <= least) {
        least = d;
        best = corner.key;
      }
    }
    return best;
  }

  /** The proposed body in whose middle a place in the pane lies, or null. @param {Point} at */
  proposedAt(at) {
    const { session } = this;
    if (!session?.proposal || this.hidden || this.isCovered(at)) return null;
    return bodyAt(session.proposal, session.offers, this.pane.toFilm(at));
  }

  /** @param {Point} film @param {boolean} [touch] */
  magnify(film, touch = false) {
    this.loupe.show(film, (project) => this.sceneFor(project), touch);
  }

  /** Move the view after a corner was placed. @param {{from: any}} detail what was asked for before */
  advance({ from }) {
    const { session, pane } = this;
    const target = session?.target;
    if (!session || !pane.film || !session.prefs.autoZoom) return;
    if (!target) {
      if (from) this.showMarks();
      return;
    }
    const same = from && from.level === target.level && from.endplate === target.endplate;
    const place = expected(session.reading, target, pane.view.aspect);
    if (same) {
      if (!place) this.zoomForSecond(from);
      return;
    }
    if (!place) return;
    const zoom = this.workingWidth / place.length;
    const view = centredOn(pane.view, place.centre, zoom, pane.film);
    if (this.cursor) this.moveCursor(place.centre, view);
    pane.glideTo(view);
  }

  /** How wide an endplate is shown while it is marked, in CSS pixels. */
  get workingWidth() {
    return Math.min(this.pane.view.width * 0.42, this.pane.view.height * 0.38);
  }

  /** After the very first corner: closer, with that corner staying where it is under the pointer.
   * @param {any} placed */
  zoomForSecond(placed) {
    const { session, pane } = this;
    const film = pane.film;
    if (!session) return;
    const last = cornersOf(session.reading).find((c) => c.level === placed.level);
    if (!film || !last) return;
    const { column_mm: mm } = film.facts.geometry ?? {};
    const wanted = this.workingWidth / (mm ? USUAL_ENDPLATE_MM / mm : film.rows * 0.1);
    if (wanted < pane.view.zoom * 1.3) return;
    const at = pane.toScreen(last.mark.xy);
    const { cx, cy } = anchored({ ...pane.view, zoom: wanted }, last.mark.xy, at);
    pane.glideTo(centredOn(pane.view, [cx, cy], wanted, film));
  }

  /** All marks in view. @param {boolean} [smooth] */
  showMarks(smooth = true) {
    const { session, pane } = this;
    if (!session || !pane.film) return;
    const points = cornersOf(session.reading).map((c) => c.mark.xy);
    const box = boxOf(points);
    if (!box) {
      this.fit();
      return;
    }
    const { width, height } = pane.view;
    const [w, h] = extent(pane.view, Math.max(box.x1 - box.x0, 20), Math.max(box.y1 - box.y0, 20));
    const zoom = Math.min((width * 0.45) / w, (height * 0.62) / h);
    const centre = /** @type {Point} */ ([(box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2]);
    const view = centredOn(pane.view, centre, zoom, pane.film);
    if (smooth) pane.glideTo(view);
    else pane.setView(view);
  }

  /** All marks in view where they no longer fit, as in a pane that became narrower; not while
   * something is being marked. */
  keepMarksInView() {
    const { session, pane } = this;
    const box = session && !session.target ? boxOf(cornersOf(session.reading).map((c) => c.mark.xy)) : null;
    if (!box) return;
    const { width, height, zoom } = pane.view;
    const [w, h] = extent(pane.view, box.x1 - box.x0, box.y1 - box.y0);
    const most = ROOM * Math.min(width / w, height / h);
    if (!pane.film || zoom <= most) return;
    const centre = /** @type {Point} */ ([(box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2]);
    pane.setView(centredOn(pane.view, centre, most, pane.film));
  }

  /** @param {import('../core/turn.js').Turn} turn how the film is shown from now on */
  setTurn(turn) {
    this.pane.setTurn(turn);
    if (!this.session) return;
    this.session.turn = turn;
    this.session.emit('turn');
    this.followView();
  }

  fit() {
    const { pane } = this;
    if (pane.film) pane.glideTo(fitted(pane.view, pane.film), true);
  }

  /** One film pixel to one pixel of the screen. */
  oneToOne() {
    const { pane } = this;
    if (!pane.film) return;
    const centre = /** @type {Point} */ (this.cursor ?? [pane.view.cx, pane.view.cy]);
    const zoom = Math.max(1 / pane.ratio, fitZoom(pane.view, pane.film));
    pane.glideTo(centredOn(pane.view, centre, zoom, pane.film));
  }

  /** Box of the marks with a margin, for the automatic window; null without marks. */
  markedBox() {
    return boxAround(this.session ? cornersOf(this.session.reading).map((c) => c.mark.xy) : []);
  }

  /** Put the keyboard's crosshair somewhere, or take it away with null. @param {?Point} film
   * @param {import('../view/viewport.js').View} [view] the view that is on its way */
  moveCursor(film, view = this.pane.view) {
    this.cursor = film;
    this.layer.showCrosshair(film ? toScreen(view, film) : null);
    if (film && this.session?.armed) this.magnify(film);
    else this.loupe.hide();
  }

  /** Keep the crosshair on its film point after the view has changed. */
  followView() {
    if (this.cursor) this.moveCursor(this.cursor);
  }
}

/** @param {Stage} stage @param {string} key @returns {string} */
function cornerLabel(stage, key) {
  const { level, endplate, corner } = refOf(key);
  const where = endplateName(level, endplate);
  const assisted = stage.layer.kept.corners.get(key)?.classList.contains('assisted');
  const name = t('corner.label', { where, corner: t(`corner.${corner}`) });
  return assisted ? t('corner.proposed', { name }) : name;
}

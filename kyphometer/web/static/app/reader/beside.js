/**
 * Another visit's film in a pane of its own, and how it lies to the film that is read.
 * @typedef {import('../core/geometry.js').Point} Point
 * @typedef {import('../core/geometry.js').Similarity} Similarity
 * @typedef {import('../view/film.js').FilmImage} FilmImage
 */
import { cornersOf, markOf } from '../core/document.js';
import { applySimilarity, fitSimilarity, invertSimilarity } from '../core/geometry.js';
import { date, t } from '../i18n.js';
import { PointerInput } from '../input/pointer.js';
import { h } from '../ui/dom.js';
import { visitName } from '../ui/names.js';
import { alongside, linkBack, linkOf } from '../view/viewport.js';
import { Viewer } from './viewer.js';

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

/** Visit and day of a film. @param {any} facts */
export function filmName(facts) {
  return [visitName(facts?.visit) || facts?.label, date(facts?.date)].filter(Boolean).join(' · ');
}

/** Place of a film among the patient's, for the order of the panes. @param {any} facts */
export function orderOf(facts) {
  const films = facts?.siblings ?? [];
  return films.findIndex((/** @type {any} */ film) => film.film_id === facts.film_id);
}

export class Beside {
  /** @param {FilmImage} film @param {?import('../core/document.js').Reading} reading */
  constructor(film, reading) {
    this.film = film;
    this.id = film.facts.film_id;
    const name = filmName(film.facts);
    const stage = h('div', { class: 'stage', tabindex: 0, role: 'application', 'aria-label': `${t('beside.label')}: ${name}` });
    this.root = h('div', { class: 'stage-wrap beside', 'data-film': this.id }, stage, h('p', { class: 'caption' }, name));
    this.root.style.order = String(orderOf(film.facts));
    this.viewer = new Viewer(stage);
    this.pointer = new PointerInput(/** @type {any} */ (this.viewer));
    /** @type {?Similarity} from square pixels of the film that is read to those of this one */
    this.transform = null;
    /** @type {?import('../view/viewport.js').Link} where no marks tell how the films lie: how their panes go together */
    this.link = null;
    this.viewer.show(film, reading);
  }

  /** @param {any} reading marks of the film that is read @param {FilmImage} film that film */
  align(reading, film) {
    const own = this.viewer.reading;
    const marks = own ? fromMarks(reading, own, film.aspect, this.film.aspect) : null;
    const bySize = fromSize(film, this.film);
    this.transform = marks ?? this.transform ?? bySize;
    const middle = (/** @type {FilmImage} */ one) => /** @type {Point} */ ([one.columns / 2, one.rows / 2]);
    this.link = marks ? null : (this.link ?? { from: middle(film), to: middle(this.film), scale: bySize.scale });
  }

  /** What both panes show now belongs together. @param {import('../view/viewport.js').View} a */
  keep(a) {
    const b = this.viewer.pane.view;
    const scale = a.zoom / b.zoom;
    this.link = linkOf(a, b, scale);
    this.transform = {
      scale,
      cos: 1,
      sin: 0,
      tx: b.cx - scale * a.cx,
      ty: b.cy * b.aspect - scale * a.cy * a.aspect,
    };
  }

  /** @param {import('../view/pane.js').Pane} pane of the film that is read */
  followPane(pane) {
    this.lay(pane, this.viewer.pane, false);
  }

  /** @param {import('../view/pane.js').Pane} pane of the film that is read, which follows this one */
  lead(pane) {
    this.lay(this.viewer.pane, pane, true);
  }

  /** Show in one pane what another one shows. @param {import('../view/pane.js').Pane} from
   * @param {import('../view/pane.js').Pane} to @param {boolean} back from this film to the one that is read */
  lay(from, to, back) {
    if (!from.film || !to.film) return;
    const { link, transform } = this;
    if (link) to.setView(alongside(from.view, to.view, back ? linkBack(link) : link));
    else if (transform) to.setView(laid(from.view, to.view, back ? invertSimilarity(transform) : transform));
  }

  dispose() {
    this.viewer.pane.dispose();
    this.root.remove();
  }
}

/** @param {import('../view/viewport.js').View} from @param {import('../view/viewport.js').View} to
 * @param {Similarity} map @returns {import('../view/viewport.js').View} the same place of the body */
function laid(from, to, map) {
  const [x, y] = applySimilarity(map, [from.cx, from.cy * from.aspect]);
  return { ...to, cx: x, cy: y / to.aspect, zoom: from.zoom / map.scale };
}

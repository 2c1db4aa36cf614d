/**
 * How the films are shown: windows, local contrast, and the other visit.
 * @typedef {import('./reader.js').Reader} Reader
 */
import { t } from '../i18n.js';
import { keepTurn } from '../prefs.js';
import { turnText } from '../view/readout.js';
import { boxOf } from './box.js';
import { MOST_BESIDE } from './compare.js';

export class Looks {
  /** @param {Reader} reader */
  constructor(reader) {
    /** @type {any} */
    this.reader = reader;
  }

  /** The film that the window keys act on: the one that is seen, and of several that in which the
   * keyboard is. @returns {{film: any, pane: import('../view/pane.js').Pane, beside: any}} */
  seen() {
    const { stage, compare } = this.reader;
    const { pane } = stage;
    if (stage.isCovered()) return { film: compare.other.film, pane, beside: compare.other };
    const beside = compare.besides.find((/** @type {any} */ one) => one.root.contains(document.activeElement));
    if (beside) return { film: beside.film, pane: beside.viewer.pane, beside };
    return { film: pane.film, pane, beside: null };
  }

  nextPreset() {
    const { film } = this.seen();
    this.choosePreset((film.preset + 1) % film.presets.length);
  }

  /** @param {number} index */
  choosePreset(index) {
    if (index < 0) return;
    this.seen().film.choosePreset(index);
    this.refresh();
  }

  /** The window from what lies around the marks, or around the middle of the view. */
  autoRegion() {
    const { film, pane, beside } = this.seen();
    const { width, height } = pane.view;
    const inner = boxOf([pane.toFilm([width * 0.2, height * 0.2]), pane.toFilm([width * 0.8, height * 0.8])]);
    const middle = pane.film === film ? inner : null;
    const box = beside ? beside.viewer.markedBox() : this.reader.stage.markedBox();
    film.setWindow(film.autoWindow(box ?? middle, 0.02, 0.99));
    this.refresh();
  }

  /** @param {boolean} invert of the film on top, or of all films side by side */
  setInvert(invert) {
    const { stage, compare } = this.reader;
    const films = stage.isCovered() ? [compare.other.film] : [stage.pane.film, ...compare.besides.map((/** @type {any} */ one) => one.film)];
    for (const film of films) film.setInvert(invert);
    this.refresh();
  }

  /** Turn or mirror the film that is seen; its marks turn with it, and no number changes.
   * @param {(turn: import('../core/turn.js').Turn) => import('../core/turn.js').Turn} change */
  turn(change) {
    const { stage, toasts, toolbar } = this.reader;
    const beside = stage.isCovered() ? null : this.seen().beside;
    const shown = beside ? beside.viewer : stage;
    shown.setTurn(change(shown.pane.view.turn));
    keepTurn((beside ?? stage.pane).film.facts.film_id, shown.pane.view.turn);
    toasts.announce(turnText(shown.pane.view.turn) || t('command.upright'));
    toolbar.update();
  }

  async toggleLocal() {
    const { film } = this.seen();
    const on = !film.useLocal;
    try {
      if (on) await film.prepareLocal();
      film.setLocal(on);
    } catch (error) {
      this.reader.toasts.show({ text: error instanceof Error ? error.message : String(error), tone: 'warning' });
    }
    this.refresh();
  }

  refresh() {
    const { stage, compare, toolbar } = this.reader;
    stage.pane.invalidate();
    for (const beside of compare.besides) beside.viewer.pane.invalidate();
    this.refreshPresets();
    toolbar.update();
  }

  /** The toolbar shows the windows of the film that is seen. */
  refreshPresets() {
    const { film } = this.seen();
    if (film) this.reader.toolbar.showPresets(film);
  }

  /** @param {string} mode */
  async toggleCompare(mode) {
    const { compare } = this.reader;
    if (compare.isOpen && (compare.mode === mode || mode === 'side')) {
      this.closeCompare();
      return;
    }
    if (compare.other) compare.setMode(mode);
    else await this.compareWith(this.reader.session.facts.previous, mode);
    this.refresh();
  }

  /** Lay a visit beside this one, or take it away again. @param {string} id @param {string} mode */
  async compareWith(id, mode) {
    const { compare } = this.reader;
    if (compare.isOpen && compare.has(id) && (compare.mode === 'side' || compare.other.id === id)) {
      compare.remove(id);
      this.told();
      return;
    }
    if (!compare.isOpen) compare.mode = mode;
    await this.add(id);
    this.told();
  }

  /** Every visit at once, as many as there is room for; or this film alone again. */
  async showAll() {
    const { compare, facts } = this.reader;
    const others = facts.siblings.map((/** @type {any} */ film) => film.film_id).filter((/** @type {string} */ id) => id !== facts.film_id);
    const wanted = others.slice(-MOST_BESIDE);
    if (compare.mode === 'side' && wanted.every((/** @type {string} */ id) => compare.has(id))) {
      this.closeCompare();
      return;
    }
    compare.mode = 'side';
    for (const id of wanted) if (!compare.has(id)) await this.add(id);
    compare.setMode(compare.besides.length ? 'side' : '');
    this.told();
  }

  /** @param {string} id */
  async add(id) {
    const { compare, api, films, closed } = this.reader;
    try {
      const [facts, stored] = await Promise.all([api.film(id), api.document(id)]);
      if (facts.error) throw new Error(facts.error);
      const film = await films.image(facts);
      if (!closed) compare.add(film, stored.document);
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      if (!compare.other) compare.mode = '';
      this.reader.toasts.show({ text: t('beside.failed', { text }), tone: 'warning' });
    }
  }

  /** Panel and strip follow what is shown beside. */
  told() {
    const { compare, strip, facts } = this.reader;
    strip.show(facts, compare.besides.map((/** @type {any} */ one) => one.id));
    this.refresh();
  }

  closeCompare() {
    this.reader.compare.clear();
    this.reader.strip.show(this.reader.facts, []);
    this.reader.stage.pane.resize();
    this.refresh();
  }
}

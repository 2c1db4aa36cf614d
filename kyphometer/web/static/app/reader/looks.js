/**
 * How the films are shown: windows, local contrast, and the other visit. Mixed into the reader.
 * @typedef {import('./reader.js').Reader} Reader
 */
import { t } from '../i18n.js';
import { Reader } from './reader.js';

const looks = {
  /** @param {number} index */
  choosePreset(index) {
    const film = this.stage.pane.film;
    if (index < 0) return;
    film.choosePreset(index);
    this.refresh(film);
  },

  /** The window from what lies around the marks, or around the middle of the view. */
  autoRegion() {
    const { pane } = this.stage;
    const film = pane.film;
    const [x0, y0] = pane.toFilm([pane.view.width * 0.2, pane.view.height * 0.2]);
    const [x1, y1] = pane.toFilm([pane.view.width * 0.8, pane.view.height * 0.8]);
    film.setWindow(film.autoWindow(this.stage.markedBox() ?? { x0, y0, x1, y1 }, 0.02, 0.99));
    this.refresh(film);
  },

  /** @param {boolean} invert */
  setInvert(invert) {
    this.stage.pane.film.setInvert(invert);
    this.compare.viewer.pane.film?.setInvert(invert);
    this.compare.viewer.pane.invalidate();
    this.refresh(this.stage.pane.film);
  },

  async toggleLocal() {
    const film = this.stage.pane.film;
    const on = !film.useLocal;
    try {
      if (on) await film.prepareLocal();
      film.setLocal(on);
    } catch (error) {
      this.toasts.show({ text: error instanceof Error ? error.message : String(error), tone: 'warning' });
    }
    this.refresh(film);
  },

  /** @param {any} film */
  refresh(film) {
    this.stage.pane.invalidate();
    this.toolbar.showPresets(film);
    this.toolbar.update();
  },

  /** @param {string} mode */
  async toggleCompare(mode) {
    const { compare } = this;
    if (compare.isOpen && (compare.mode === mode || mode === 'side')) {
      this.closeCompare();
      return;
    }
    if (compare.viewer.pane.film) compare.setMode(mode);
    else await this.compareWith(this.session.facts.previous, mode);
    this.toolbar.update();
  },

  /** @param {string} id @param {string} mode */
  async compareWith(id, mode) {
    const { compare } = this;
    if (compare.isOpen && compare.viewer.pane.film?.facts.film_id === id) {
      this.closeCompare();
      return;
    }
    try {
      const [facts, stored] = await Promise.all([this.api.film(id), this.api.document(id)]);
      if (facts.error) throw new Error(facts.error);
      const film = await this.films.image(facts);
      compare.mode = compare.mode || mode;
      compare.open(film, stored.document);
      this.results.beside(facts, stored.document ? await this.api.measure(id, stored.document) : null);
      this.strip.show(this.facts, id);
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      this.toasts.show({ text: t('beside.failed', { text }), tone: 'warning' });
    }
    this.toolbar.update();
  },

  closeCompare() {
    this.compare.setMode('');
    this.results.beside(null, null);
    this.compare.viewer.pane.setFilm(null);
    this.strip.show(this.facts, null);
    this.toolbar.update();
    this.stage.pane.resize();
  },
};

Object.assign(Reader.prototype, looks);

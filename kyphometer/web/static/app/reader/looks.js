/**
 * How the films are shown: windows, local contrast, and the other visit.
 * @typedef {import('./reader.js').Reader} Reader
 */
import { t } from '../i18n.js';

export class Looks {
  /** @param {Reader} reader */
  constructor(reader) {
    /** @type {any} */
    this.reader = reader;
  }

  /** @param {number} index */
  choosePreset(index) {
    const film = this.reader.stage.pane.film;
    if (index < 0) return;
    film.choosePreset(index);
    this.refresh(film);
  }

  /** The window from what lies around the marks, or around the middle of the view. */
  autoRegion() {
    const { pane } = this.reader.stage;
    const film = pane.film;
    const [x0, y0] = pane.toFilm([pane.view.width * 0.2, pane.view.height * 0.2]);
    const [x1, y1] = pane.toFilm([pane.view.width * 0.8, pane.view.height * 0.8]);
    film.setWindow(film.autoWindow(this.reader.stage.markedBox() ?? { x0, y0, x1, y1 }, 0.02, 0.99));
    this.refresh(film);
  }

  /** @param {boolean} invert */
  setInvert(invert) {
    this.reader.stage.pane.film.setInvert(invert);
    this.reader.compare.viewer.pane.film?.setInvert(invert);
    this.reader.compare.viewer.pane.invalidate();
    this.refresh(this.reader.stage.pane.film);
  }

  async toggleLocal() {
    const film = this.reader.stage.pane.film;
    const on = !film.useLocal;
    try {
      if (on) await film.prepareLocal();
      film.setLocal(on);
    } catch (error) {
      this.reader.toasts.show({ text: error instanceof Error ? error.message : String(error), tone: 'warning' });
    }
    this.refresh(film);
  }

  /** @param {any} film */
  refresh(film) {
    this.reader.stage.pane.invalidate();
    this.reader.toolbar.showPresets(film);
    this.reader.toolbar.update();
  }

  /** @param {string} mode */
  async toggleCompare(mode) {
    const { compare } = this.reader;
    if (compare.isOpen && (compare.mode === mode || mode === 'side')) {
      this.closeCompare();
      return;
    }
    if (compare.viewer.pane.film) compare.setMode(mode);
    else await this.compareWith(this.reader.session.facts.previous, mode);
    this.reader.toolbar.update();
  }

  /** @param {string} id @param {string} mode */
  async compareWith(id, mode) {
    const { compare } = this.reader;
    if (compare.isOpen && compare.viewer.pane.film?.facts.film_id === id) {
      this.closeCompare();
      return;
    }
    try {
      const [facts, stored] = await Promise.all([this.reader.api.film(id), this.reader.api.document(id)]);
      if (facts.error) throw new Error(facts.error);
      const film = await this.reader.films.image(facts);
      compare.mode = compare.mode || mode;
      compare.open(film, stored.document);
      this.reader.results.beside(facts, stored.document ? await this.reader.api.measure(id, stored.document) : null);
      this.reader.strip.show(this.reader.facts, id);
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      this.reader.toasts.show({ text: t('beside.failed', { text }), tone: 'warning' });
    }
    this.reader.toolbar.update();
  }

  closeCompare() {
    this.reader.compare.setMode('');
    this.reader.results.beside(null, null);
    this.reader.compare.viewer.pane.setFilm(null);
    this.reader.strip.show(this.reader.facts, null);
    this.reader.toolbar.update();
    this.reader.stage.pane.resize();
  }
}

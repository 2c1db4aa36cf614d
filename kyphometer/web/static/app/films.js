/** Loads films; keeps the pixels of the last few, and fetches the next ones while there is time. */
import { ApiError } from './api.js';
import { recallTurn } from './prefs.js';
import { FilmImage } from './view/film.js';

const KEPT = 4;
const QUIET_MS = 1500;

export class Films {
  /** @param {import('./api.js').Api} api */
  constructor(api) {
    this.api = api;
    /** @type {Map<string, Promise<import('./view/arriving.js').Arrived>>} */
    this.kept = new Map();
    this.timer = 0;
  }

  /** @param {any} facts @returns {Promise<FilmImage>} */
  async image(facts) {
    const arrived = await this.pixels(facts.film_id);
    const expected = facts.rows * facts.columns;
    if (arrived.data.length !== expected) {
      this.kept.delete(facts.film_id);
      throw new ApiError(200, { error: `pixels: ${arrived.data.length} / ${expected}` });
    }
    const film = new FilmImage(facts, arrived);
    film.turn = recallTurn(facts.film_id);
    return film;
  }

  /** Pixels of a film; asked for before its facts are known, so that neither waits for the other.
   * @param {string} id @param {(share: number) => void} [onProgress]
   * @returns {Promise<import('./view/arriving.js').Arrived>} */
  pixels(id, onProgress) {
    let coming = this.kept.get(id);
    if (coming) this.kept.delete(id);
    else {
      coming = this.api.pixels(id, onProgress);
      coming.catch(() => this.kept.delete(id));
    }
    this.kept.set(id, coming);
    while (this.kept.size > KEPT) this.kept.delete(/** @type {string} */ (this.kept.keys().next().value));
    return coming;
  }

  /** @param {...?string} ids films that will probably be opened */
  prefetch(...ids) {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(async () => {
      for (const id of ids) {
        if (!id || this.kept.has(id)) continue;
        try {
          const facts = await this.api.film(id);
          if (!facts.error) await this.pixels(id);
        } catch {
          // It will be asked for again, and complained about, when it is opened.
        }
      }
    }, QUIET_MS);
  }
}

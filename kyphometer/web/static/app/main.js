/** The page: who is here, in which language, and which view the address asks for. */
import { Api, ApiError } from './api.js';
import { Films } from './films.js';
import { t, useLanguage } from './i18n.js';
import { keepObserver, loadPrefs, recallAsked, recallObserver, storePrefs } from './prefs.js';
import { Reader } from './reader/reader.js';
import { Accounts } from './ui/accounts.js';
import { ask, askObserver, askPassword } from './ui/dialogs.js';
import { h } from './ui/dom.js';
import { fetchFilms } from './ui/fetching.js';
import { Planning } from './ui/planning.js';
import { Quality } from './ui/quality.js';
import { askSignIn } from './ui/sign-in.js';
import { WorkList } from './ui/worklist.js';

const PAGES = { '#/accounts': Accounts, '#/plan': Planning, '#/quality': Quality };

export class App {
  constructor() {
    this.api = new Api();
    this.films = new Films(this.api);
    this.prefs = loadPrefs();
    this.host = /** @type {HTMLElement} */ (document.getElementById('app'));
    /** @type {any} */
    this.config = null;
    /** @type {any} */
    this.view = null;
    /** @type {?Promise<boolean>} */
    this.asking = null;
    this.list = { query: '', status: '', sort: 'patient', active: 0 };
  }

  async start() {
    const wanted = this.prefs.language || (navigator.language.startsWith('vi') ? 'vi' : 'en');
    await useLanguage(wanted);
    try {
      this.api.observer = recallObserver();
      this.config = await this.api.config();
    } catch (error) {
      this.refuse(error);
      return;
    }
    if (this.config.user) this.api.signInAgain = () => this.signInAgain();
    const asked = recallAsked();
    if (location.hash.length < 3 && asked) history.replaceState(null, '', asked);
    addEventListener('hashchange', () => this.route());
    const owner = this.config.mode === 'department' && this.config.user?.role === 'owner';
    if (location.hash.length < 3 && !owner) await this.openOnlyFilm();
    this.route();
  }

  /** With one film there is nothing to choose. */
  async openOnlyFilm() {
    const ask = { query: '', status: '', offset: 0, limit: 2 };
    const answer = await this.api.worklist(ask).catch(() => null);
    if (answer?.total === 1) history.replaceState(null, '', `#/film/${answer.items[0].film_id}`);
  }

  route() {
    const study = /^#\/open\/([0-9.]+)$/.exec(location.hash);
    if (study) {
      location.replace(`/open?StudyInstanceUID=${study[1]}`);
      return;
    }
    const film = /^#\/film\/(.+)$/.exec(location.hash);
    const before = this.view;
    const left = before?.session;
    before?.dispose(); // keeps what is being typed, which the session then saves
    left?.dispose();
    if (film) {
      const reader = new Reader(this);
      this.show(reader);
      reader.open(decodeURIComponent(film[1]));
    } else if (location.hash in PAGES) {
      const page = new PAGES[/** @type {'#/plan'} */ (location.hash)](this);
      this.show(page);
      page.open();
    } else {
      const list = new WorkList(this, this.list);
      this.show(list);
      list.open();
      this.offerStudy();
    }
  }

  /** A link has led here to a study that is not: it may be fetched. */
  offerStudy() {
    const wanted = /^#\/fetch\/([0-9.]+)$/.exec(location.hash);
    if (!wanted) return;
    history.replaceState(null, '', '#/');
    fetchFilms(this, wanted[1]);
  }

  /** Films may have arrived: the list is asked for again. */
  arrived() {
    if (this.view instanceof WorkList) this.view.open();
  }

  /** @param {any} view */
  show(view) {
    this.view = view;
    this.host.replaceChildren(view.root);
  }

  /** Change the language without losing the place or the steps of undo. @param {string} code */
  async speak(code) {
    await useLanguage(code);
    this.prefs.language = code;
    storePrefs(this.prefs);
    const { view } = this;
    if (!(view instanceof Reader) || !view.session) {
      this.route();
      return;
    }
    const state = { session: view.session, facts: view.facts, film: view.stage.pane.film };
    view.dispose();
    const reader = new Reader(this);
    this.show(reader);
    reader.resume(state);
  }

  /** Read under another code from now on, in this tab. @param {string[]} known */
  async changeObserver(known) {
    const before = this.api.observer;
    const code = await askObserver(this.config.observer, known);
    if (!code) return;
    this.api.observer = code;
    try {
      this.config = await this.api.config();
      keepObserver(code);
      this.list.active = 0;
    } catch (error) {
      this.api.observer = before;
      const text = error instanceof Error ? error.message : String(error);
      await ask(text, [], [{ label: t('close'), value: '', primary: true }]);
    }
    this.route();
  }

  /** Ask for a new password of one's own. */
  async changePassword() {
    const given = await askPassword();
    if (!given) return;
    try {
      const answer = await this.api.call('POST', '/api/password', given);
      this.api.csrf = answer.csrf;
      await ask(t('account.changed'), [], [{ label: t('close'), value: '', primary: true }]);
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      await ask(text, [], [{ label: t('close'), value: '', primary: true }]);
    }
  }

  /** One question, however many requests wait for it. @returns {Promise<boolean>} */
  signInAgain() {
    const byProxy = async () => Boolean(await this.api.signIn(this.config.user.name, '-').catch(() => null));
    this.asking ??= (this.config.sign_in === 'proxy' ? byProxy() : askSignIn(this.api, this.config.user.name)).finally(() => { this.asking = null; });
    return this.asking;
  }

  async signOut() {
    this.api.signInAgain = null;
    const answer = await this.api.call('POST', '/api/logout').catch(() => null);
    location.assign(answer?.go_to ?? '/login');
  }

  /** @param {any} error */
  refuse(error) {
    const text = error instanceof Error ? error.message : String(error);
    const again = h('button', { type: 'button', class: 'button primary', onclick: () => location.reload() }, t('film.again'));
    if (error instanceof ApiError && error.status === 401) document.title = t('sign_in');
    this.host.replaceChildren(h('main', { class: 'refusal' }, h('h1', {}, 'Kyphometer'), h('p', { role: 'alert' }, text), again));
  }
}

new App().start();

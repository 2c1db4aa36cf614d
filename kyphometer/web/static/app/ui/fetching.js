/**
 * Films found in an archive and fetched from it: whom to look for, what was found and why it is
 * chosen, how far it is, what came of it. The server fetches; closing the dialog stops nothing.
 */
import { date, plural, t } from '../i18n.js';
import { ask } from './dialogs.js';
import { h, refill } from './dom.js';

const POLL_MS = 400;

/** Ask an archive for films. @param {import('../main.js').App} app
 * @param {string} [study] UID of the study that is wanted */
export async function fetchFilms(app, study = '') {
  try {
    await new Fetcher(app, await app.api.archives(), study).ask();
  } catch (error) {
    await ask(textOf(error), [], [{ label: t('close'), value: '', primary: true }]);
  }
}

class Fetcher {
  /** @param {import('../main.js').App} app @param {Wire.Fetching} found @param {string} study */
  constructor(app, found, study) {
    this.app = app;
    this.found = found;
    this.study = study;
    /** @type {Wire.FoundFilm[]} */
    this.films = [];
    this.busy = false;
    this.outcome = h('div', { class: 'send-outcome', role: 'status' });
    this.list = h('div', { class: 'archive-films', 'data-state': 'none' });
    this.inputs = {
      patient_id: h('input', { id: 'fetch-patient-id', type: 'text', maxlength: 64, autocomplete: 'off' }),
      patient_name: h('input', { id: 'fetch-patient-name', type: 'text', maxlength: 64, autocomplete: 'off' }),
      since: h('input', { id: 'fetch-since', type: 'date' }),
      until: h('input', { id: 'fetch-until', type: 'date' }),
    };
    this.where = h('select', { id: 'fetch-from' }, found.destinations.map((one) => h('option', { value: one.name }, `${one.name} (${one.address})`)));
    this.seek = h('button', { type: 'button', class: 'button', 'data-focus': 'seek', onclick: () => this.search() }, t('fetch.search'));
    this.go = h('button', { type: 'button', class: 'button primary', 'data-focus': 'fetch', onclick: () => this.begin() }, t('fetch.do'));
  }

  /** The dialog, until it is closed. */
  async ask() {
    const { destinations, problem, job } = this.found;
    if (job && job.state !== 'done') this.watch(job);
    this.update();
    const closed = ask(
      t('fetch.title'),
      destinations.length > 0 ? [this.form(), this.list, this.outcome, this.go] : [h('p', { role: 'alert' }, problem ?? '')],
      [{ label: t('close'), value: '', primary: destinations.length === 0 }],
    );
    if (this.study && destinations.length === 1) this.search();
    await closed;
  }

  form() {
    const { patient_id: id, patient_name: name, since, until } = this.inputs;
    const fields = [['from', this.where], ['patient_id', id], ['patient_name', name], ['since', since], ['until', until]];
    const form = h('div', { class: 'archive-search', role: 'search', 'aria-label': t('fetch.title') },
      this.study ? h('p', { class: 'quiet' }, t('fetch.study', { uid: this.study })) : null,
      fields.slice(0, this.study ? 1 : 5).map(([key, field]) => h('label', {}, t(`fetch.${key}`), field)),
      this.seek);
    form.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => {
      if (event.key !== 'Enter' || event.target === this.seek) return;
      event.preventDefault(); // it would close the dialog
      this.search();
    });
    return form;
  }

  async search() {
    if (this.busy) return;
    this.say(h('p', {}, t('fetch.searching', { from: this.where.value })), h('progress', { 'aria-label': t('fetch.title') }));
    this.busy = true;
    this.update();
    const { patient_id: id, patient_name: name, since, until } = this.inputs;
    try {
      const { films, more } = await this.app.api.searchArchive({
        destination: this.where.value,
        study_instance_uid: this.study,
        patient_id: id.value,
        patient_name: name.value,
        since: since.value || null,
        until: until.value || null,
      });
      this.films = films;
      this.show();
      this.say(h('p', {}, films.length ? plural('fetch.found', films.length) : t('fetch.none')), more ? h('p', { class: 'refused' }, t('fetch.more')) : null);
    } catch (error) {
      this.say(h('p', { class: 'refused', role: 'alert' }, textOf(error)));
    }
    this.busy = false;
    this.update();
  }

  /** What was found, study by study; what does not fit is folded away. */
  show() {
    /** @type {Map<string, Wire.FoundFilm[]>} */
    const studies = new Map();
    for (const film of this.films) studies.set(film.study_instance_uid, [...(studies.get(film.study_instance_uid) ?? []), film]);
    this.list.dataset.state = this.films.length ? 'found' : 'none';
    refill(this.list, [...studies.values()].map((films) => {
      const [{ patient_name: name, patient_id: id, study_date: day, study_description: what }] = films;
      const unfit = films.filter((film) => film.choice === 'no');
      return h('fieldset', { class: 'archive-study' },
        h('legend', {}, [name.replaceAll('^', ' ').trim(), id, date(day), what].filter(Boolean).join(' · ')),
        films.filter((film) => film.choice !== 'no').map((film) => this.line(film)),
        unfit.length ? h('details', {}, h('summary', {}, plural('fetch.unfit', unfit.length)), unfit.map((film) => this.line(film))) : null);
    }));
    this.update();
  }

  /** @param {Wire.FoundFilm} film */
  line(film) {
    const id = `fetch-film-${film.sop_instance_uid}`;
    const what = [film.series_description, film.modality].filter(Boolean).join(' · ');
    const why = h('span', { class: 'quiet small' }, t(`fetch.choice.${film.choice}`), ': ', film.reason);
    if (film.film_id) {
      const open = h('a', { href: `#/film/${encodeURIComponent(film.film_id)}`, onclick: (/** @type {Event} */ event) => this.close(event) }, t('fetch.here'));
      return h('p', { class: 'check', 'data-choice': 'here' }, h('span', {}, what, ' ', open, h('br'), why));
    }
    const box = h('input', { type: 'checkbox', id, value: film.sop_instance_uid, checked: film.choice === 'chosen' });
    box.addEventListener('change', () => this.update());
    return h('p', { class: 'check', 'data-choice': film.choice }, box, h('label', { for: id }, what || t('fetch.film'), h('br'), why));
  }

  /** @returns {Wire.FoundFilm[]} */
  wanted() {
    const ticked = [...this.list.querySelectorAll('input:checked')].map((box) => /** @type {HTMLInputElement} */ (box).value);
    return this.films.filter((film) => ticked.includes(film.sop_instance_uid));
  }

  update() {
    const count = this.wanted().length;
    this.seek.disabled = this.busy;
    this.go.disabled = this.busy || count === 0;
    this.go.textContent = count ? plural('fetch.do_count', count) : t('fetch.do');
  }

  async begin() {
    this.busy = true;
    const films = this.wanted().map(({ study_instance_uid, series_instance_uid, sop_instance_uid, sop_class_uid }) => ({ study_instance_uid, series_instance_uid, sop_instance_uid, sop_class_uid }));
    this.update();
    try {
      const { job } = await this.app.api.fetchArchive({ destination: this.where.value, films });
      if (job) await this.watch(job);
    } catch (error) {
      this.busy = false;
      this.update();
      this.say(h('p', { class: 'refused', role: 'alert' }, textOf(error)));
    }
  }

  /** Ask how far it is until it is done; a server that does not answer is asked again.
   * @param {Wire.FetchJob} job */
  async watch(job) {
    this.busy = true;
    this.progress(job);
    while (job.state !== 'done') {
      await new Promise((done) => { setTimeout(done, POLL_MS); });
      job = await this.app.api.archives().then((found) => found.job ?? job, () => job);
      this.progress(job);
    }
    this.busy = false;
    this.update();
    this.ended(job);
  }

  /** @param {Wire.FetchJob} job */
  progress({ state, done, total, destination: from }) {
    if (state === 'done') return;
    this.say(h('p', {}, t(`fetch.${state}`, { from, done, total })),
      h('progress', { max: Math.max(total, 1), ...(state === 'fetching' ? { value: done } : {}), 'aria-label': t('fetch.title') }));
  }

  /** Open what has come whole; else say what is missing. @param {Wire.FetchJob} job */
  ended(job) {
    const whole = !job.ended && job.problems.length === 0;
    const open = job.film_id ? `#/film/${encodeURIComponent(job.film_id)}` : '';
    if (!this.outcome.isConnected) {
      this.app.arrived();
      return;
    }
    if (whole && open) {
      this.close();
      location.hash = open;
      return;
    }
    this.outcome.dataset.state = 'partly';
    this.say(h('p', {}, t('fetch.arrived', { count: job.arrived + job.known, total: job.total })),
      job.ended ? h('p', { class: 'refused' }, job.ended) : null,
      job.problems.map((text) => h('p', { class: 'refused' }, text)),
      whole ? null : h('p', { class: 'quiet' }, t('fetch.rest')),
      open ? h('p', {}, h('a', { href: open, onclick: (/** @type {Event} */ event) => this.close(event) }, t('fetch.open'))) : null);
    this.app.arrived();
  }

  /** @param {...any} children */
  say(...children) {
    refill(this.outcome, children.flat());
  }

  /** @param {Event} [event] */
  close(event) {
    const dialog = this.list.closest('dialog') ?? /** @type {?Element} */ (event?.target ?? null)?.closest('dialog');
    /** @type {?HTMLDialogElement} */ (dialog)?.close();
  }
}

/** @param {unknown} error */
function textOf(error) {
  return error instanceof Error ? error.message : String(error);
}

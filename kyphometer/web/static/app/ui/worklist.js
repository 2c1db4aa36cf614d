/** The work list: search, filter, progress; only the rows in view exist, however many films. */
import { date, number, plural, t } from '../i18n.js';
import { h, refill } from './dom.js';
import { fetchFilms } from './fetching.js';
import { languageSwitch } from './header.js';
import { dropFilms, IncomingDialog } from './incoming.js';
import { icon } from './icons.js';
import { positionName, visitName } from './names.js';

/** Height of a row: as high as in worklist.css, whatever the browser's text size. */
const ROW = Math.round((68 / 14) * Number.parseFloat(getComputedStyle(document.documentElement).fontSize) * 100) / 100;
const PAGE = 100;
const LOOK_MS = 6000;
const STATES = ['', 'unread', 'mine', 'draft', 'read', 'flagged', 'failed'];
const HIDDEN_FROM_BLINDED = ['flagged', 'failed'];
const ORDERS = ['patient', 'date', 'status', 'name'];
/** Where proposals wait beside films. */
const WAITING_STATES = ['proposed', 'doubtful', 'refused'];
const WAITING_ORDERS = ['doubt', 'certain'];
const HEADS = ['patient', 'film', 'date', 'position', 'levels', 'status'];
const SYMBOLS = { unread: '○', draft: '◐', read: '●', failed: '!' };

export class WorkList {
  /** @param {any} app @param {any} memory what was looked at before */
  constructor(app, memory) {
    this.app = app;
    this.memory = memory;
    this.total = 0;
    /** @type {Map<number, any[]|'coming'>} */
    this.pages = new Map();
    this.asked = 0;
    this.awaited = -1;
    this.search = h('input', { type: 'search', class: 'search', 'aria-label': t('worklist.search'), placeholder: t('worklist.search'), value: memory.query });
    this.filters = h('div', { class: 'filters', role: 'group', 'aria-label': t('worklist.filter') });
    /** @type {string[]} other observers who have read something */
    this.others = [];
    /** Whether proposals wait beside films. */
    this.waiting = [...WAITING_STATES, ...WAITING_ORDERS].some((one) => one === memory.status || one === memory.sort);
    this.order = app.config.blinded ? null : h('select', { class: 'order', 'aria-label': t('worklist.order'), 'data-focus': 'order', onchange: (/** @type {any} */ event) => this.ask(memory.query, memory.status, 0, event.target.value) });
    this.showOrders();
    this.progress = h('div', { class: 'overall' });
    this.list = h('ul', { class: 'rows', 'aria-label': t('worklist.title') });
    this.scroller = h('div', { class: 'scroller', tabindex: -1 }, this.list);
    this.note = h('p', { class: 'list-note', role: 'status' });
    this.root = h('div', { class: app.config.blinded ? 'worklist blinded' : 'worklist' },
      h('header', { class: 'bar' }, h('h1', {}, 'Kyphometer'), this.progress, fromArchive(app), app.config.incoming ? this.adding() : null, planning(app), languageSwitch(app.config, (code) => app.speak(code)), who(app, () => this.others)),
      h('main', { class: 'list-page' },
        h('div', { class: 'list-tools' }, h('div', { class: 'search-box' }, icon('search'), this.search), this.filters, this.order, this.note),
        h('div', { class: 'list-head', 'aria-hidden': 'true' }, HEADS.map((name) => h('span', {}, t(`worklist.${name}`)))),
        this.scroller,
      ));
    this.listen();
  }

  adding() {
    return h('button', { type: 'button', class: 'button small', 'data-command': 'addFilms', onclick: () => this.handIn() }, icon('add'), t('incoming.button'));
  }

  /** @param {any[]} [given] files that were dropped */
  handIn(given = []) {
    new IncomingDialog(this.app.api, () => this.look()).open(given);
  }

  /** Films that arrive appear, and the reader's place stays. */
  async look() {
    const { query, status, sort } = this.memory;
    const { asked } = this;
    const answer = await this.app.api.worklist({ query, status, sort, offset: 0, limit: 1 }).catch(() => null);
    if (!answer || asked !== this.asked || answer.total === this.total) return;
    const { scrollTop } = this.scroller;
    await this.ask(query, status, this.memory.active, sort);
    this.scroller.scrollTop = scrollTop;
    this.draw();
  }

  listen() {
    this.scroller.addEventListener('scroll', () => this.draw(), { passive: true });
    this.search.addEventListener('input', () => {
      clearTimeout(this.typing);
      this.typing = setTimeout(() => this.ask(this.search.value, this.memory.status), 180);
    });
    this.stopper = new AbortController();
    const { signal } = this.stopper;
    addEventListener('resize', () => this.draw(), { signal });
    addEventListener('keydown', (event) => this.key(event), { signal });
    // Not where people sign in: a page that asks by itself would keep a sign-in from ending.
    const watch = this.app.config.mode === 'department' ? 0 : setInterval(() => document.hidden || document.querySelector('dialog[open]') || this.look(), LOOK_MS);
    signal.addEventListener('abort', () => clearInterval(watch));
    if (this.app.config.incoming) dropFilms(this.root, (given) => this.handIn(given), signal);
  }

  open() {
    document.title = 'Kyphometer';
    this.ask(this.memory.query, this.memory.status, this.memory.active);
  }

  /** @param {string} query @param {string} status @param {number} [active] @param {string} [sort] */
  async ask(query, status, active = 0, sort = this.memory.sort) {
    Object.assign(this.memory, { query, status, active, sort });
    this.asked += 1;
    this.pages.clear();
    this.showFilters();
    await this.fetchPage(Math.floor(active / PAGE));
    this.memory.active = Math.min(active, Math.max(this.total - 1, 0));
    this.list.style.height = `${this.total * ROW}px`;
    this.scroller.scrollTop = Math.max(0, (this.memory.active - 4) * ROW);
    this.draw();
  }

  /** @param {number} page */
  async fetchPage(page) {
    if (this.pages.has(page)) return;
    this.pages.set(page, 'coming');
    const { asked } = this;
    try {
      const { query, status, sort } = this.memory;
      const answer = await this.app.api.worklist({ query, status, sort, offset: page * PAGE, limit: PAGE });
      if (asked !== this.asked) return;
      this.pages.set(page, answer.items);
      this.total = answer.total;
      this.showWaiting(answer.waiting);
      this.showProgress(answer.progress, answer.others ?? []);
      const nothing = this.app.config.incoming && !query && !status ? 'worklist.empty' : 'worklist.none';
      this.note.textContent = answer.total === 0 ? t(nothing) : plural('worklist.count', answer.total);
    } catch (error) {
      this.pages.delete(page);
      this.note.textContent = error instanceof Error ? error.message : String(error);
    }
  }

  /** What can be asked of proposals is offered where some wait. @param {boolean} [some] */
  showWaiting(some = false) {
    const { status, sort } = this.memory;
    const waiting = some || WAITING_STATES.includes(status) || WAITING_ORDERS.includes(sort);
    if (waiting === this.waiting) return;
    this.waiting = waiting;
    this.showFilters();
    this.showOrders();
  }

  showOrders() {
    if (!this.order) return;
    const orders = this.waiting ? [...ORDERS, ...WAITING_ORDERS] : ORDERS;
    refill(this.order, orders.map((sort) => h('option', { value: sort, selected: this.memory.sort === sort }, t(`order.${sort}`))));
  }

  showFilters() {
    const known = this.waiting ? [...STATES, ...WAITING_STATES] : STATES;
    const states = known.filter((status) => !this.app.config.blinded || !HIDDEN_FROM_BLINDED.includes(status));
    refill(this.filters, states.map((status) => h('button', {
      type: 'button',
      class: 'filter',
      'aria-pressed': String(this.memory.status === status),
      'data-focus': `filter-${status}`,
      onclick: () => this.ask(this.memory.query, status),
    }, t(`filter.${status || 'all'}`))));
  }

  /** @param {{read: number, draft: number, failed?: number, total: number}} progress
   * @param {{observer: string, films: number}[]} others */
  showProgress({ read, draft, failed = 0, total }, others) {
    this.others = others.map((one) => one.observer);
    const names = others.map((one) => `${one.observer} (${number(one.films, 0)})`).join(', ');
    const text = t('worklist.progress', { read: number(read, 0), total: number(total, 0), draft: number(draft, 0) });
    refill(this.progress, h('progress', { max: Math.max(total, 1), value: read, 'aria-label': t('worklist.progress_label') }), h('span', {}, failed ? `${text}, ${t('worklist.failed', { count: number(failed, 0) })}` : text),
      names ? h('span', { class: 'others-read' }, t('worklist.others', { names })) : null);
  }

  /** Draw the rows in view, a few more, and fetch what is missing. */
  draw() {
    const top = Math.max(0, Math.floor(this.scroller.scrollTop / ROW) - 6);
    const count = Math.ceil(this.scroller.clientHeight / ROW) + 12;
    const end = Math.min(this.total, top + count);
    const rows = [];
    for (let i = top; i < end; i += 1) {
      const page = Math.floor(i / PAGE);
      const items = this.pages.get(page);
      if (!items) this.fetchPage(page).then(() => this.draw());
      rows.push(this.row(i, Array.isArray(items) ? items[i % PAGE] : null));
    }
    refill(this.list, rows);
    if (this.awaited >= 0) this.focusAwaited();
  }

  /** @param {number} index @param {any} item */
  row(index, item) {
    const place = h('li', { 'aria-setsize': this.total, 'aria-posinset': index + 1 });
    place.style.transform = `translateY(${index * ROW}px)`;
    if (!item) return place;
    const state = item.status ?? 'unread';
    if (state === 'failed') {
      place.append(h('div', { class: 'row failed', tabindex: index === this.memory.active ? 0 : -1, 'data-focus': `row-${index}`, 'data-index': index },
        this.stateCell(state, []), h('span', {}, item.label || ''), h('span', { class: 'row-error' }, item.error || '')));
      return place;
    }
    place.append(h('a', {
      href: `#/film/${encodeURIComponent(item.film_id)}`,
      class: item.group ? 'row first' : 'row',
      tabindex: index === this.memory.active ? 0 : -1,
      'data-focus': `row-${index}`,
      'data-index': index,
      onfocus: () => { this.memory.active = index; },
      onclick: () => { this.memory.active = index; },
    },
      this.patientCell(item),
      this.filmCell(item),
      h('span', { class: 'quiet' }, date(item.date)),
      h('span', { class: 'quiet' }, item.position === 'unknown' ? '' : positionName(item.position)),
      h('span', { class: 'quiet' }, (item.fractured_levels ?? []).join(', ')),
      this.stateCell(state, item.others ?? []),
    ));
    return place;
  }

  /** The patient: at the head of the visits, or on every line where the list is in another order.
   * @param {any} item */
  patientCell({ patient, group }) {
    if (!patient) return h('span', { class: 'patient' });
    const repeated = this.memory.sort === 'patient' && !group;
    return h('span', { class: 'patient' },
      h('span', { class: repeated ? 'unseen' : 'patient-name' }, patient),
      group ? h('span', { class: 'quiet small' }, plural('worklist.visits', group.films, { read: number(group.read, 0) })) : null);
  }

  /** @param {any} item */
  filmCell({ film_id, label, patient, visit, warnings = [], waiting = null }) {
    const { blinded } = this.app.config;
    const doubt = waiting ? doubtOf(waiting) : null;
    const picture = blinded ? null : h('img', { src: `/api/films/${encodeURIComponent(film_id)}/thumbnail`, alt: '', loading: 'lazy', decoding: 'async', onerror: (/** @type {Event} */ event) => /** @type {any} */ (event.target).classList.add('missing') });
    const title = patient ? visitName(visit) || label : label;
    return h('span', { class: 'film' },
      h('span', { class: 'thumb' }, picture),
      h('span', { class: 'film-name' },
        h('b', {}, title, warnings.length > 0 ? h('span', { class: 'flag', title: warnings.join('\n') }, icon('warning'), h('span', { class: 'unseen' }, t('worklist.flagged'))) : null),
        title === label ? null : h('span', { class: 'quiet small' }, label),
        doubt ? h('span', { class: doubt.sure ? 'small doubt quiet' : 'small doubt', title: doubt.full }, h('span', { 'aria-hidden': 'true' }, doubt.short), h('span', { class: 'unseen' }, doubt.full)) : null));
  }

  /** @param {string} state @param {string[]} others who else has read the film */
  stateCell(state, others) {
    return h('span', { class: `state ${state}` },
      h('span', { 'aria-hidden': 'true' }, SYMBOLS[/** @type {'read'} */ (state)] ?? '○'),
      h('span', { class: 'state-name' }, t(`status.${state}`)),
      others.length > 0 ? h('span', { class: 'quiet small by-others', title: t('worklist.by_others', { names: others.join(', ') }) }, t('worklist.by_others', { names: others.join(', ') })) : null);
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) return;
    if (event.key === '/' && document.activeElement !== this.search) {
      event.preventDefault();
      this.search.focus();
      return;
    }
    const inList = this.list.contains(document.activeElement);
    if (document.activeElement === this.search && event.key !== 'ArrowDown') return;
    const page = Math.max(1, Math.floor(this.scroller.clientHeight / ROW) - 1);
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -this.total, End: this.total }[event.key];
    if (step === undefined || this.total === 0) return;
    event.preventDefault();
    const next = inList ? this.memory.active + step : this.memory.active;
    this.focusRow(Math.min(Math.max(next, 0), this.total - 1));
  }

  /** @param {number} index */
  focusRow(index) {
    this.memory.active = index;
    const { scrollTop, clientHeight } = this.scroller;
    if (index * ROW < scrollTop) this.scroller.scrollTop = index * ROW;
    else if ((index + 1) * ROW > scrollTop + clientHeight) this.scroller.scrollTop = (index + 1) * ROW - clientHeight;
    this.awaited = index;
    this.draw();
  }

  /** The focus goes to its row as soon as that row has been fetched. */
  focusAwaited() {
    const row = this.list.querySelector(`[data-index="${this.awaited}"]`);
    if (!row) return;
    this.awaited = -1;
    row.focus({ preventScroll: true });
  }

  dispose() {
    this.stopper?.abort();
    this.root.remove();
  }
}

/** @param {any} app */
function fromArchive(app) {
  return app.config.fetching ? h('button', { type: 'button', class: 'button small', 'data-focus': 'archive', onclick: () => fetchFilms(app) }, t('fetch.button')) : null;
}

/** @param {any} app */
function planning(app) {
  return app.config.blinded ? null : h('a', { class: 'button small', href: '#/plan' }, t('planning.title'));
}

/** What is doubtful of a proposal that waits, in short and in full.
 * @param {NonNullable<Wire.WorkLine['waiting']>} waiting @returns {{short: string, full: string, sure: boolean}} */
function doubtOf({ levels, doubtful, largest, sure, reason, other }) {
  if (reason) return { short: t(other ? 'waiting.other' : 'waiting.none'), full: reason, sure: false };
  const known = t('waiting.levels', { first: levels[0], last: levels[levels.length - 1] });
  const percent = number(100 * largest, 0);
  const unsure = sure ? [] : [t('waiting.unsure')];
  const some = doubtful.length > 0 ? [plural('waiting.doubtful', doubtful.length)] : [];
  const full = [
    [known, ...unsure].join(', '),
    t('waiting.largest', { percent }),
    ...(doubtful.length > 0 ? [t('waiting.which', { levels: doubtful.join(', ') })] : []),
    t('waiting.nobody'),
  ].join('\n');
  return { short: [known, t('waiting.doubt', { percent }), ...unsure, ...some].join(' · '), full, sure: sure && doubtful.length === 0 };
}

/** Who reads, and what can be done about it. @param {any} app @param {() => string[]} others */
function who(app, others) {
  const { config } = app;
  if (config.mode !== 'department') {
    if (config.blinded) return null;
    return h('button', { type: 'button', class: 'button small reads', 'data-focus': 'observer', title: t('observer.title'), onclick: () => app.changeObserver(others()) }, t('observer.reads', { observer: config.observer }));
  }
  if (!config.user) return null;
  const accounts = app.config.user.role === 'owner' ? h('a', { class: 'button small', href: '#/accounts' }, t('accounts.title')) : null;
  const quality = app.config.user.role !== 'observer' && !app.config.blinded ? h('a', { class: 'button small', href: '#/quality' }, t('quality.title')) : null;
  return h('div', { class: 'who' }, quality, accounts, h('button', { type: 'button', class: 'button small', title: t('account.password'), onclick: () => app.changePassword() }, app.config.user.name), h('button', { type: 'button', class: 'button small', onclick: () => app.signOut() }, t('sign_out')));
}

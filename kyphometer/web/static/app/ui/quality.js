/** The page of quality assurance: sessions planned, watched, locked, and their reports. */
import { date, number, t } from '../i18n.js';
import { askReason } from './dialogs.js';
import { h, refill } from './dom.js';
import { languageSwitch } from './header.js';
import { icon } from './icons.js';
import { planForm } from './quality-plan.js';
import { reportView } from './quality-report.js';

const FILES = ['html', 'pdf', 'docx', 'xlsx', 'csv'];

/** @param {Wire.SessionRow} session @returns {`/api/sessions/${string}`} */
const pathOf = (session) => `/api/sessions/${encodeURIComponent(session.code)}`;

export class Quality {
  /** @param {import('../main.js').App} app */
  constructor(app) {
    this.app = app;
    this.isOwner = app.config.user?.role === 'owner';
    this.note = h('p', { class: 'list-note', role: 'status' });
    this.list = h('div', { class: 'sessions' });
    this.result = h('section', { class: 'report', 'aria-live': 'polite', tabindex: -1 });
    this.plan = h('div', {});
    this.root = h('div', { class: 'worklist' },
      h('header', { class: 'bar' },
        h('a', { class: 'tool wide', href: '#/' }, icon('back'), h('span', {}, t('worklist.short'))),
        h('h1', { class: 'grow' }, t('quality.title')),
        languageSwitch(app.config, (code) => app.speak(code))),
      h('main', { class: 'accounts quality', tabindex: 0 }, this.note, this.list, this.result, this.plan));
  }

  open() {
    document.title = `${t('quality.title')} – Kyphometer`;
    return this.attempt(async () => {
      await this.fill();
      if (!this.isOwner) return;
      const choices = await this.app.api.call('GET', '/api/session-choices');
      refill(this.plan, planForm(choices, (body) => this.make(body)));
    });
  }

  async fill() {
    /** @type {Wire.SessionList} */
    const { sessions, certificates } = await this.app.api.call('GET', '/api/sessions');
    const cards = sessions.map((session) => this.card(session, certificates));
    refill(this.list, cards.length ? cards : h('p', { class: 'quiet' }, t('quality.none')));
  }

  /** @param {Wire.SessionRow} session @param {boolean} certificates */
  card(session, certificates) {
    const id = `session-${session.code}`;
    const state = session.locked ? 'locked' : session.may_be_seen ? 'imported' : 'open';
    return h('section', { class: 'session-card', 'aria-labelledby': id, 'data-session': session.code, 'data-state': state },
      h('h2', { id }, session.code, session.title ? ` · ${session.title}` : ''),
      h('p', { class: 'quiet' }, [t(`quality.${state}`), date(session.created), session.films].filter(Boolean).join(' · ')),
      readers(session),
      h('details', {}, h('summary', {}, t('quality.process')), h('p', {}, session.process)),
      h('div', { class: 'deeds' }, this.deeds(session), session.may_be_seen ? this.results(session, certificates) : h('p', { class: 'quiet' }, t('quality.hidden'))));
  }

  /** @param {Wire.SessionRow} session */
  deeds(session) {
    if (!this.isOwner) return null;
    const button = (/** @type {string} */ name, /** @type {() => any} */ deed) =>
      h('button', { type: 'button', class: 'button small', 'data-focus': `${name}-${session.code}`, 'aria-label': `${t(`quality.${name}`)}: ${session.code}`, onclick: deed }, t(`quality.${name}`));
    if (session.locked) return button('reopen', () => this.change('reopen', session));
    if (session.may_be_seen) return null;
    return [button('lock', () => this.change('lock', session)), button('reopen_item', () => this.reopenItem(session))];
  }

  /** @param {Wire.SessionRow} session @param {boolean} certificates */
  results(session, certificates) {
    const path = pathOf(session);
    const show = (/** @type {'report'|'certificate'} */ name) => h('button', { type: 'button', class: 'button small primary', 'aria-label': `${t(`quality.${name}`)}: ${session.code}`, onclick: () => this.show(`${path}/${name}/page`) }, t(`quality.${name}`));
    const files = (/** @type {string} */ at, /** @type {string[]} */ kinds) => kinds.map((kind) => h('a', { class: 'button small', href: `${path}/${at}/${kind}`, download: '' }, t(`quality.file.${kind}`)));
    return [
      h('div', { class: 'files', role: 'group', 'aria-label': `${t('quality.report')}: ${session.code}` }, show('report'), files('report', FILES)),
      certificates ? h('div', { class: 'files', role: 'group', 'aria-label': `${t('quality.certificate')}: ${session.code}` }, show('certificate'), files('certificate', ['html', 'pdf', 'docx']),
        session.readers.map(({ observer }) => h('a', { class: 'button small', href: `${path}/certificate/pdf?observer=${encodeURIComponent(observer)}`, download: '' }, t('quality.certificate_of', { observer })))) : null,
    ];
  }

  /** @param {`/api/sessions/${string}/${'report'|'certificate'}/page`} path */
  async show(path) {
    refill(this.result, h('p', { class: 'quiet' }, t('quality.working')));
    await this.attempt(async () => {
      const report = await this.app.api.call('GET', path);
      refill(this.result, reportView(report));
      this.result.focus();
    }, async () => refill(this.result));
  }

  /** @param {'lock'|'reopen'} deed @param {Wire.SessionRow} session */
  async change(deed, session) {
    const reason = await askReason(`${t(`quality.${deed}`)}: ${session.code}`, t(`quality.${deed}_text`), t(`quality.${deed}`));
    if (reason === null) return;
    await this.attempt(async () => {
      await this.app.api.call('POST', `${pathOf(session)}/${deed}`, { reason });
      refill(this.result);
      await this.fill();
    });
  }

  /** @param {Wire.SessionRow} session */
  async reopenItem(session) {
    const item = h('input', { id: 'item-code', type: 'text', required: true, maxlength: 20, autocomplete: 'off' });
    const reason = await askReason(t('quality.reopen_item'), t('quality.reopen_item_text'), t('quality.reopen_item'), [h('label', { for: 'item-code' }, t('quality.item')), item]);
    if (reason === null) return;
    await this.attempt(async () => {
      await this.app.api.call('POST', `${pathOf(session)}/reopen`, { reason, item: item.value.trim() });
      await this.fill();
    });
  }

  /** @param {Wire.NewSession} body @returns {Promise<boolean>} */
  make(body) {
    return this.attempt(async () => {
      const planned = await this.app.api.call('POST', '/api/sessions', body);
      await this.fill();
      this.note.textContent = [t('quality.planned', { code: planned.code, showings: number(planned.showings, 0) }), ...planned.remarks].join(' ');
    });
  }

  /** What is refused is said above the list. @param {() => Promise<any>} deed
   * @param {() => Promise<any>} [after] if it was refused @returns {Promise<boolean>} true if done */
  async attempt(deed, after) {
    try {
      this.note.textContent = '';
      this.note.classList.remove('refused');
      await deed();
      return true;
    } catch (error) {
      await after?.();
      this.note.classList.add('refused');
      this.note.textContent = error instanceof Error ? error.message : String(error);
      this.note.scrollIntoView({ block: 'nearest' });
      return false;
    }
  }

  dispose() {
    this.root.remove();
  }
}

/** How far everybody is. @param {Wire.SessionRow} session */
function readers(session) {
  const heads = ['observer', 'round', 'state', 'read', 'opens', 'minutes'].map((key) => h('th', { scope: 'col' }, t(`quality.${key}`)));
  const rows = session.readers.flatMap(({ observer, rounds, minutes }) => rounds.map((round, place) => h('tr', { 'data-reader': observer },
    h('th', { scope: 'row' }, observer),
    h('td', {}, round.round === 0 ? t('quality.training') : number(round.round, 0)),
    h('td', {}, t(`quality.state.${round.state}`)),
    h('td', {}, h('progress', { max: Math.max(round.total, 1), value: round.read, 'aria-label': t('quality.progress_of', { observer }) }), ` ${number(round.read, 0)} / ${number(round.total, 0)}`),
    h('td', {}, round.opens_at ? date(round.opens_at) : ''),
    h('td', {}, place === 0 && minutes !== null ? number(minutes, 0) : ''))));
  return h('table', {}, h('thead', {}, h('tr', {}, heads)), h('tbody', {}, rows));
}

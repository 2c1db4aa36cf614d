/**
 * The patient at a glance, above the film: every visit with its angles, the change since pre-op, the
 * loss since discharge and the verdict, and their course as a small curve. Shows what the server
 * says; works nothing out.
 * @typedef {import('../session.js').Session} Session
 */
import { date, number, pairName, signed, t } from '../i18n.js';
import { parseEndplate } from '../core/preview.js';
import { storePrefs } from '../prefs.js';
import { courseOf } from './course.js';
import { h, refill, whenChanged } from './dom.js';
import { icon } from './icons.js';
import { visitName } from './names.js';

const QUIET_MS = 250;

export class Visits {
  /** @param {Object<string, any>} commands @param {any} prefs */
  constructor(commands, prefs) {
    this.commands = commands;
    this.prefs = prefs;
    this.root = h('section', { class: 'visits', 'aria-labelledby': 'visits-title', hidden: true });
    /** @type {?Wire.VisitTable} */
    this.table = null;
    this.timer = 0;
    this.asked = 0;
    this.draw = whenChanged((model) => this.fill(model));
    this.settle = () => {};
    /** Done when the table has its place: until then the film below would still move. */
    this.settled = new Promise((resolve) => { this.settle = () => resolve(true); });
  }

  /** @param {Session} session */
  open(session) {
    this.session = session;
    this.several = !session.config.blinded && (session.facts.siblings ?? []).length > 1;
    if (!this.several) {
      this.settle();
      return;
    }
    this.root.hidden = false;
    for (const name of ['measured', 'confirmed']) session.on(name, () => this.ask());
    this.show();
    this.fetch();
  }

  /** Ask the server, once there has been quiet for a while. @param {number} [wait] */
  ask(wait = QUIET_MS) {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.fetch(), wait);
  }

  async fetch() {
    const session = /** @type {Session} */ (this.session);
    this.asked += 1;
    const { asked } = this;
    const { draft: _draft, ...document } = session.reading;
    const shown = session.isConfirmed || isEmpty(document) ? null : document;
    try {
      const table = await session.api.visits(session.id, shown);
      if (asked !== this.asked) return;
      this.table = table;
      this.failure = '';
    } catch (error) {
      this.failure = error instanceof Error ? error.message : String(error);
    }
    this.show();
    this.settle();
  }

  show() {
    this.draw({ table: this.table, failure: this.failure, open: this.prefs.visits });
  }

  toggle() {
    this.prefs.visits = !this.prefs.visits;
    storePrefs(this.prefs);
    this.show();
  }

  /** @param {any} model */
  fill({ table, failure, open }) {
    const title = h('h2', { id: 'visits-title' }, t('visits.title'));
    const fold = h('button', { type: 'button', class: 'tool', 'data-focus': 'visits-fold', 'aria-expanded': String(open), 'aria-label': t('visits.fold'), title: t('visits.fold'), onclick: () => this.toggle() }, icon(open ? 'up' : 'down'));
    const all = h('button', { type: 'button', class: 'button small', 'data-focus': 'visits-all', title: 'Y', onclick: () => this.commands.allVisits.run() }, icon('compare'), t('visits.all'));
    const bases = table ? basesOf(table) : [];
    refill(this.root,
      h('div', { class: 'visits-head' }, title, h('p', { class: 'quiet small bases' }, open ? [bases.map((basis) => baseLine(basis, bases)), limitLine(table)].flat() : shortOf(table)), all, fold),
      failure ? h('p', { class: 'note warning', role: 'status' }, failure) : null,
      open && table ? h('div', { class: 'visits-body' }, h('div', { class: 'visits-scroll', tabindex: 0, role: 'region', 'aria-label': t('visits.caption') }, tableOf(table, bases)), courseOf(table)) : null,
    );
  }
}

/** @param {any} document */
const isEmpty = (document) => Object.keys(document.vertebrae ?? {}).length === 0;

/** Whatever verdicts rest on in this table, in the order met.
 * @param {Wire.VisitTable} table @returns {{basis: string, error: ?number}[]} */
function basesOf(table) {
  const found = new Map();
  const changes = table.visits.flatMap((row) => row.values.flatMap((value, i) =>
    (value ? [value.change, value.loss].map((change) => ({ change, code: table.angles[i].code })) : [])));
  for (const { change, code } of changes) {
    if (!change?.basis) continue;
    const own = change.basis !== 'carried';
    const key = baseKey(change, code);
    if (!found.has(key)) found.set(key, { key, basis: change.basis, code, error: own ? change.standard_error : null });
  }
  return [...found.values()];
}

/** @param {Wire.VisitChange} change @param {string} code */
const baseKey = (change, code) =>
  ['own_repeats', 'stated'].includes(change.basis ?? '') ? `${change.basis} ${code}` : String(change.basis);

const LETTERS = 'abcdefgh';

/** @param {any} basis @param {any[]} bases */
function baseLine(basis, bases) {
  const facts = { code: basis.code, sem: basis.error === null ? '' : number(basis.error, 2) };
  return h('span', {}, h('sup', {}, LETTERS[bases.indexOf(basis)]), ` ${t(`visits.basis.${basis.basis}`, facts)} `);
}

/** From which loss on one counts. @param {?Wire.VisitTable} table */
function limitLine(table) {
  const lost = table?.visits.some((row) => row.values.some((value) => value?.loss));
  return table && lost ? h('span', { 'data-loss-limit': table.loss_limit }, '· ', t('visits.loss_limit', { limit: number(table.loss_limit, table.loss_limit % 1 ? 1 : 0) })) : null;
}

/** The table in a line, while it is folded. @param {?Wire.VisitTable} table */
function shortOf(table) {
  if (!table) return '';
  return table.visits.map((row) => {
    const values = row.values.map((value, i) => (value ? `${table.angles[i].code} ${number(value.value)}°` : '')).filter(Boolean);
    return `${rowName(row)}: ${values.join(', ') || t('visits.unread')}`;
  }).join(' · ');
}

/** @param {Wire.VisitRow} row */
export const rowName = (row) => visitName(row.visit) || date(row.date) || row.label;

/** @param {Wire.VisitTable} table @param {?string} film */
function nameOf(table, film) {
  const row = table.visits.find((one) => one.film_id === film);
  return row ? rowName(row) : '';
}

/** @param {Wire.VisitTable} table @param {any[]} bases */
function tableOf(table, bases) {
  const since = t('visits.change', { visit: nameOf(table, table.baseline) });
  const loss = t('visits.loss', { visit: nameOf(table, table.reference) });
  const lost = table.visits.some((row) => row.values.some((value) => value?.loss));
  const span = lost ? 4 : 3;
  const pairs = table.angles.map((angle) => h('th', { scope: 'colgroup', colspan: span, class: 'pair-head' },
    h('span', { class: `sample ${angle.code}`, 'aria-hidden': 'true' }), `${angle.code} `,
    h('span', { class: 'quiet' }, pairName(parseEndplate(angle.upper), parseEndplate(angle.lower)))));
  const heads = table.angles.flatMap(() => [t('visits.value'), table.baseline ? since : t('visits.no_baseline'), lost ? loss : null, t('visits.verdict')]
    .filter((text) => text !== null).map((text) => h('th', { scope: 'col', class: 'num' }, text)));
  return h('table', {},
    h('caption', { class: 'unseen' }, t('visits.caption')),
    h('thead', {},
      h('tr', {}, h('th', { scope: 'col', rowspan: 2 }, t('worklist.visit')), pairs),
      h('tr', {}, heads)),
    h('tbody', {}, table.visits.map((row) => rowOf(table, row, bases, lost))));
}

/** @param {Wire.VisitTable} table @param {Wire.VisitRow} row @param {any[]} bases @param {boolean} lost */
function rowOf(table, row, bases, lost) {
  const state = t(`status.${row.status}`);
  const name = h('th', { scope: 'row' },
    h('span', { class: `dot ${row.status}`, 'aria-hidden': 'true' }),
    h('a', { href: `#/film/${encodeURIComponent(row.film_id)}`, 'aria-current': row.current ? 'true' : null, 'data-focus': `visit-${row.film_id}`, title: row.label }, rowName(row)),
    h('span', { class: 'quiet visit-day' }, row.visit ? ` ${date(row.date)}` : ''),
    h('span', { class: 'quiet visit-state' }, row.status === 'read' ? '' : ` ${state}`));
  const cells = row.error
    ? [h('td', { class: 'quiet', colspan: table.angles.length * (lost ? 4 : 3) }, row.error)]
    : row.values.flatMap((value, i) => valueCells(value, table, i, bases, lost));
  return h('tr', { 'data-visit': row.film_id, class: row.current ? 'here' : '' }, name, cells);
}

/** @param {?Wire.VisitValue} value @param {Wire.VisitTable} table @param {number} i
 * @param {any[]} bases @param {boolean} lost */
function valueCells(value, table, i, bases, lost) {
  const { code } = table.angles[i];
  const shown = value
    ? [h('b', {}, `${number(value.value)}°`), h('span', { class: 'quiet' }, spread(value.half_width))]
    : '–';
  return [
    h('td', { class: 'num first', 'data-cell': `${code}.value` }, shown),
    h('td', { class: 'num', 'data-cell': `${code}.change` }, changeText(value?.change ?? null, code, bases)),
    lost ? h('td', { class: 'num', 'data-cell': `${code}.loss` }, changeText(value?.loss ?? null, code, bases)) : null,
    h('td', { 'data-cell': `${code}.verdict`, 'data-verdict': value?.change?.verdict ?? null }, verdict(value, table.loss_limit)),
  ].filter(Boolean);
}

/** @param {?number} half */
const spread = (half) => (half === null ? '' : ` ± ${number(half)}`);

/** @param {?Wire.VisitChange} change @param {string} code @param {any[]} bases */
function changeText(change, code, bases) {
  if (!change) return '';
  const place = bases.findIndex((basis) => basis.key === baseKey(change, code));
  const unlike = change.positions === 'same' ? null : h('span', { class: 'unlike', title: t(`visits.position.${change.positions}`) }, ' *', h('span', { class: 'unseen' }, t(`visits.position.${change.positions}`)));
  return [
    `${signed(change.difference)}°`,
    h('span', { class: 'quiet' }, spread(change.limit), place < 0 ? null : h('sup', {}, LETTERS[place])),
    unlike,
  ].filter(Boolean);
}

/** @param {?Wire.VisitValue} value @param {number} limit below which a loss is small */
function verdict(value, limit) {
  const word = (/** @type {string} */ kind, /** @type {?Wire.VisitChange} */ change) =>
    (change ? t(`visits.${kind}.${change.small ? 'small' : change.verdict.replaceAll(' ', '_')}`, { limit: number(limit, limit % 1 ? 1 : 0) }) : '');
  return [word('verdict', value?.change ?? null), word('held', value?.loss ?? null)].filter(Boolean).join(', ');
}

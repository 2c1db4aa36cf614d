/** Every measurement beyond the two angles: named in words, by kind, searchable, with its ±. */
import { parseEndplate } from '../core/preview.js';
import { number, pairName, plural, t } from '../i18n.js';
import { h, refill } from './dom.js';
import { measureName } from './names.js';

const UNITS = { deg: '°', '%': ' %', ratio: '', grade: '' };
const DIGITS = { ratio: 2, grade: 0 };
const KINDS = /** @type {const} */ (['angle', 'height', 'shape', 'depression', 'other']);
/** @type {Object<string, string>} */
const KIND_OF = { HA: 'height', HM: 'height', HP: 'height', AVBC: 'shape', MVBC: 'shape', PVBC: 'shape', APCR: 'shape', BICONCAVITY: 'shape', GENANT_QM: 'shape', DEPRESSION_SUP: 'depression', DEPRESSION_INF: 'depression' };

/** @param {Wire.Measurement} m */
const kindOf = (m) => (m.unit === 'deg' ? 'angle' : KIND_OF[m.code] ?? 'other');

/** @param {Wire.Measurement} m @param {number} value */
function withUnit(m, value) {
  const unit = UNITS[/** @type {'deg'} */ (m.unit)] ?? ` ${m.unit}`;
  return `${number(value, DIGITS[/** @type {'ratio'} */ (m.unit)] ?? 1)}${unit}`;
}

/** Name in words, endplates or levels, value, ±. @param {Wire.Measurement} m @returns {string[]} */
export function measurementCells(m) {
  const isPlate = (/** @type {?string} */ name) => name !== null && /^\w+\.(sup|inf)erior$/.test(name);
  const { upper, lower, interval95 } = m;
  const both = upper && lower && isPlate(upper) && isPlate(lower);
  const pair = both ? pairName(parseEndplate(upper), parseEndplate(lower)) : (m.label ?? '').replace(`${m.code} `, '').replace(/^\(|\)$/g, '');
  const value = Number.isFinite(m.value) ? withUnit(m, m.value) : '—';
  const spread = interval95 ? `± ${withUnit(m, (interval95[1] - interval95[0]) / 2)}` : '';
  return [measureName(m.code), pair, value, spread];
}

export class Measurements {
  /** @param {() => void} copy */
  constructor(copy) {
    this.open = false;
    this.count = h('summary', { 'data-focus': 'more' });
    this.search = h('input', { type: 'search', class: 'search-more', 'aria-label': t('results.search'), placeholder: t('results.search') });
    this.search.addEventListener('input', () => this.fill());
    this.body = h('div', { class: 'more-list' });
    const button = h('button', { type: 'button', class: 'button small', 'data-focus': 'copy-more', onclick: copy }, t('keep.copy_tables'));
    this.root = h('details', { class: 'more', hidden: true }, this.count, h('div', { class: 'more-tools' }, this.search, button), this.body);
    this.root.addEventListener('toggle', () => this.fill());
    /** @type {Wire.Measurement[]} */
    this.items = [];
  }

  /** @param {Wire.Measurement[]} items */
  show(items) {
    this.items = items;
    this.root.hidden = items.length === 0;
    this.count.textContent = plural('results.more', items.length);
    this.fill();
  }

  fill() {
    if (!this.root.open) return;
    const words = this.search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const found = this.items.filter((m) => {
      const text = [m.code, ...measurementCells(m)].join(' ').toLowerCase();
      return words.every((/** @type {string} */ word) => text.includes(word));
    });
    const groups = KINDS.map((kind) => ({ kind, items: found.filter((m) => kindOf(m) === kind) })).filter(({ items }) => items.length > 0);
    refill(this.body, found.length === 0 ? h('p', { class: 'quiet', role: 'status' }, t('results.none')) : groups.map(groupTable));
  }
}

/** @param {{kind: string, items: Wire.Measurement[]}} group */
function groupTable({ kind, items }) {
  return h('table', {},
    h('caption', {}, t(`results.kind.${kind}`)),
    h('thead', { class: 'unseen' }, h('tr', {}, ['code', 'pair', 'value', 'spread'].map((key) => h('th', { scope: 'col' }, t(`results.${key}`))))),
    h('tbody', {}, items.map(row)));
}

/** @param {Wire.Measurement} m */
function row(m) {
  const [name, pair, value, spread] = measurementCells(m);
  return h('tr', {}, h('th', { scope: 'row', title: m.definition || m.code }, name), h('td', {}, pair), h('td', { class: 'num' }, value), h('td', { class: 'num quiet' }, spread));
}

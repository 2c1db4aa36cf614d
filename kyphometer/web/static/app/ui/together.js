/**
 * Adjudication: everybody's confirmed readings of this film, drawn over it and listed with their
 * values and how far they lie apart. For those who may see them, and only when asked for.
 * @typedef {import('../session.js').Session} Session
 */
import { date, number, t } from '../i18n.js';
import { h, refill } from './dom.js';

const SHOWN = ['VKA', 'RKA'];

export class Together {
  /** @param {(documents: any[]) => void} draw */
  constructor(draw) {
    this.draw = draw;
    this.isOn = false;
    this.root = h('section', { class: 'card together', 'aria-labelledby': 'together-title', hidden: true });
  }

  /** @param {Session} session @returns {Promise<void>} */
  async toggle(session) {
    this.isOn = !this.isOn;
    this.root.hidden = !this.isOn;
    if (!this.isOn) {
      this.draw([]);
      return;
    }
    try {
      const answer = await session.api.readings(session.id);
      const readings = answer.readings.filter((/** @type {any} */ one) => one.latest);
      this.fill(readings, answer.spread);
      this.draw(readings.map((/** @type {any} */ one) => one.document));
    } catch (error) {
      this.isOn = false;
      this.root.hidden = true;
      session.say(error instanceof Error ? error.message : String(error), 'warning');
    }
  }

  /** @param {any[]} readings @param {any[]} spread */
  fill(readings, spread) {
    const title = h('h2', { id: 'together-title' }, t('together.title'));
    if (readings.length === 0) {
      refill(this.root, title, h('p', { class: 'quiet' }, t('together.none')));
      return;
    }
    const heads = ['number', 'observer', ...SHOWN].map((key) => h('th', { scope: 'col' }, SHOWN.includes(key) ? key : t(`together.${key}`)));
    refill(this.root, title,
      h('table', {}, h('thead', {}, h('tr', {}, heads)), h('tbody', {}, readings.map(row))),
      readings.map(said),
      spread.map(apart));
  }
}

/** @param {any} reading @param {number} i */
function row(reading, i) {
  const made = [reading.session, date(reading.saved_at), consensusOf(reading.document)].filter(Boolean).join(' · ');
  const values = SHOWN.map((code) => {
    const found = reading.measurements.find((/** @type {any} */ m) => m.code === code);
    return h('td', { class: 'num' }, found ? `${number(found.value)}°` : '—');
  });
  return h('tr', { 'data-reading': reading.observer },
    h('td', {}, h('span', { class: 'tag' }, String(i + 1))),
    h('th', { scope: 'row' }, reading.observer, h('span', { class: 'quiet' }, ` ${made}`)),
    values);
}

/** What a reader wrote about the film. @param {any} reading @param {number} i */
function said(reading, i) {
  const { comment } = reading.document;
  return comment ? h('blockquote', { class: 'said' }, h('span', { class: 'tag' }, `${i + 1} `), comment, h('span', { class: 'quiet' }, ` — ${reading.observer}, ${date(reading.saved_at)}`)) : null;
}

/** @param {any} spread */
function apart(spread) {
  const facts = { code: spread.code, pair: spread.label, difference: number(spread.difference), mdc: number(spread.mdc95 ?? 0) };
  const verdict = spread.beyond_mdc === null ? '' : t(spread.beyond_mdc ? 'together.beyond' : 'together.within', facts);
  return h('p', { class: spread.beyond_mdc ? 'apart beyond' : 'apart', 'data-spread': spread.code }, t('together.apart', facts), verdict ? h('span', { class: 'quiet' }, ` ${verdict}`) : null);
}

/** Whose readings a consensus was made of, in words; empty if it is none. @param {any} document */
function consensusOf({ consensus }) {
  if (!consensus) return '';
  const used = consensus.of.filter((/** @type {any} */ part) => part.used);
  const names = used.map((/** @type {any} */ part) => `${part.observer} ${t('together.version', { version: part.version })}`).join(', ');
  const how = used.length > 1 ? 'together.mean_of' : 'together.chosen_of';
  return [t(how, { names }), consensus.edited ? t('together.edited') : ''].filter(Boolean).join(', ');
}

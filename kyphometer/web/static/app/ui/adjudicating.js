/**
 * A further reader sees the readings of others under letters, takes one or their mean, moves what is to be moved, and
 * confirms: that version is the film's consensus.
 * @typedef {import('../session.js').Session} Session
 */
import { takeConsensus } from '../actions.js';
import { number, t } from '../i18n.js';
import { h, refill } from './dom.js';

const SHOWN = ['VKA', 'RKA'];

export class Adjudicating {
  /** @param {(documents: any[]) => void} draw */
  constructor(draw) {
    this.draw = draw;
    this.isOn = false;
    this.root = h('section', { class: 'card together', 'aria-labelledby': 'adjudicating-title', hidden: true });
  }

  /** @param {Session} session @returns {Promise<void>} */
  async toggle(session) {
    if (this.isOn) {
      this.close();
      return;
    }
    try {
      const answer = await session.api.call('GET', session.api.path(session.id, '/consensus'));
      this.isOn = true;
      this.root.hidden = false;
      this.fill(session, answer);
      const shown = answer.candidates.filter((/** @type {any} */ one) => one.label);
      this.draw(shown.map((/** @type {any} */ one) => ({ ...one.document, label: one.label })));
    } catch (error) {
      session.say(error instanceof Error ? error.message : String(error), 'warning');
    }
  }

  close() {
    this.isOn = false;
    this.root.hidden = true;
    this.draw([]);
  }

  /** @param {Session} session @param {Wire.Candidates} answer */
  fill(session, { candidates, refused }) {
    const title = h('h2', { id: 'adjudicating-title' }, t('adjudicate.title'));
    if (candidates.length === 0) {
      refill(this.root, title, h('p', { class: 'quiet' }, t('adjudicate.none')));
      return;
    }
    const heads = [t('adjudicate.reading'), ...SHOWN].map((text) => h('th', { scope: 'col' }, text));
    const rows = candidates.map((/** @type {any} */ one) => this.row(session, one));
    refill(this.root, title,
      h('p', { class: 'quiet' }, t('adjudicate.how')),
      h('table', {}, h('thead', {}, h('tr', {}, heads, h('td'))), h('tbody', {}, rows)),
      refused ? h('p', { class: 'quiet' }, refused) : null);
  }

  /** @param {Session} session @param {any} one */
  row(session, one) {
    const name = one.label ? t('adjudicate.of', { label: one.label }) : t('adjudicate.mean');
    const values = SHOWN.map((code) => {
      const found = one.measurements.find((/** @type {any} */ m) => m.code === code);
      return h('td', { class: 'num' }, found ? `${number(found.value)}°` : '—');
    });
    const take = () => {
      takeConsensus(session, one.document);
      session.say(t('adjudicate.taken', { name }));
    };
    return h('tr', { 'data-candidate': one.label || 'mean' },
      h('th', { scope: 'row' }, name), values,
      h('td', {}, h('button', { type: 'button', class: 'button small', 'aria-label': t('adjudicate.take', { name }), onclick: take }, t('adjudicate.take_short'))));
  }
}

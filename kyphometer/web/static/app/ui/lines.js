/**
 * Lengths and angles beside the reading, and the object of known size that millimetres may rest on.
 * @typedef {import('../session.js').Session} Session
 */
import { setKnownSize } from '../actions.js';
import { number, t } from '../i18n.js';
import { askKnownSize } from './dialogs.js';
import { h, refill } from './dom.js';
import { icon } from './icons.js';

const Z95 = 1.96;

export class Lines {
  constructor() {
    this.root = h('section', { class: 'card lines', 'aria-labelledby': 'lines-title', hidden: true });
    /** @type {?Wire.Lines} */
    this.answer = null;
    this.asked = 0;
  }

  /** @param {Session} session */
  open(session) {
    this.session = session;
    this.answer = null;
    this.shown = this.known();
    session.on('lines', () => this.show());
    session.on('drawn', () => this.measure());
    session.on('reading', (why) => why !== 'preview' && this.known() !== this.shown && this.measure());
    this.show();
  }

  known() {
    const session = /** @type {Session} */ (this.session);
    return JSON.stringify(/** @type {any} */ (session.reading).known_size ?? null);
  }

  async measure() {
    const session = /** @type {Session} */ (this.session);
    if (session.config.blinded) return; // millimetres would tell the size of a pixel
    const asked = (this.asked += 1);
    const { draft: _draft, ...document } = session.reading;
    this.shown = this.known();
    try {
      const answer = await session.api.call('POST', session.api.path(session.id, '/lines'), /** @type {any} */ ({ document, lines: session.lines }));
      if (asked !== this.asked) return;
      this.answer = answer;
    } catch (error) {
      session.say(error instanceof Error ? error.message : String(error), 'warning');
    }
    this.show();
  }

  show() {
    const session = /** @type {Session} */ (this.session);
    const known = /** @type {any} */ (session.reading).known_size;
    this.root.hidden = !session.lining && session.lines.length === 0 && !known;
    if (this.root.hidden) {
      refill(this.root);
      return;
    }
    const how = session.lining ? h('p', { class: 'quiet' }, t('lines.how')) : null;
    refill(this.root,
      h('h2', { id: 'lines-title' }, t('lines.title')),
      how,
      h('ol', { class: 'line-list' }, session.lines.map((line, i) => this.row(session, line, i))),
      known ? this.knownRow(session, known) : null);
  }

  /** @param {Session} session @param {any} line @param {number} i */
  row(session, line, i) {
    const length = this.answer?.lengths[i];
    const angle = this.answer?.angles[i];
    const others = session.lines.filter((one) => one !== line);
    const remove = () => {
      this.answer = null;
      session.setLines(others);
      this.measure();
    };
    const scale = async () => {
      const known = await askKnownSize();
      if (!known) return;
      this.answer = null;
      session.setLines(others);
      setKnownSize(session, { ...known, ends: line });
    };
    return h('li', { 'data-line': i + 1 },
      h('span', { class: 'num' }, lengthText(length)),
      h('button', { type: 'button', class: 'button small', onclick: scale }, t('lines.known')),
      h('button', { type: 'button', class: 'tool', title: t('lines.remove', { number: i + 1 }), 'aria-label': t('lines.remove', { number: i + 1 }), onclick: remove }, icon('close')),
      angle ? h('p', { class: 'quiet', 'data-free-angle': i + 1 }, t('lines.angle', { first: i + 1, second: i + 2, degrees: withError(angle.degrees, angle.standard_uncertainty, '°') })) : null);
  }

  /** @param {Session} session @param {any} known */
  knownRow(session, known) {
    const share = (100 * Z95 * Math.hypot(known.known_sd_mm, Math.SQRT2 * known.mark_sd_mm)) / known.known_mm;
    return h('p', { class: 'known-size' },
      t('lines.scale', { kind: t(`known.${known.kind}`), size: number(known.known_mm), percent: number(share) }), ' ',
      h('button', { type: 'button', class: 'button small', onclick: () => setKnownSize(session, null) }, t('lines.scale_remove')));
  }
}

/** @param {any} length */
function lengthText(length) {
  if (!length) return '…';
  return length.mm === null ? t('lines.pixels', { pixels: number(length.pixels) }) : withError(length.mm, length.standard_uncertainty, ' mm');
}

/** @param {number} value @param {?number} sd @param {string} unit */
function withError(value, sd, unit) {
  return `${number(value)}${unit}${sd === null ? '' : ` ± ${number(Z95 * sd)}`}`;
}

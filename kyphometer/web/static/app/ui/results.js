/**
 * The angles beside the film: value, uncertainty, which endplates, and the change since the previous
 * visit. Shows; works nothing out.
 * @typedef {import('../session.js').Session} Session
 */
import { allowNextIntact } from '../actions.js';
import { pairsOf } from '../core/preview.js';
import { date, number, pairName, signed, t } from '../i18n.js';
import { measured, stateOf, spreadText, verdictText } from './angles.js';
import { h, refill, whenChanged } from './dom.js';
import { Measurements } from './measurements.js';
import { visitName } from './names.js';

export class Results {
  /** @param {(text: string) => void} announce @param {() => void} copy */
  constructor(announce, copy) {
    this.announce = announce;
    this.root = h('section', { class: 'card results', 'aria-labelledby': 'results-title' });
    this.rows = h('div', { class: 'angle-rows' });
    this.more = new Measurements(copy);
    this.root.append(this.rows, this.more.root);
    this.draw = whenChanged((model) => this.fill(model));
  }

  /** @param {Session} session */
  open(session) {
    this.session = session;
    for (const name of ['reading', 'measured', 'confirmed']) session.on(name, () => this.update());
    this.update();
  }

  /** The change since the visit before, and which visit that was.
   * @param {any} answer @param {import('../core/preview.js').Pair} pair */
  changeFrom(answer, pair) {
    const session = /** @type {Session} */ (this.session);
    const change = changeOf(answer, pair, session);
    const film = (session.facts.siblings ?? []).find((/** @type {any} */ one) => one.film_id === change?.previous_film);
    const visit = (film && (visitName(film.visit) || date(film.date))) || t('change.previous');
    return { change, visit };
  }

  update() {
    const session = /** @type {Session} */ (this.session);
    const pairs = pairsOf(session.reading);
    const answer = session.live.answer;
    const rows = pairs.map((pair) => ({
      code: pair.code,
      pair: pairName(pair.upper, pair.lower),
      state: stateOf(session, pair),
      needs: this.needs(pair, answer),
      advised: this.refused(pair, answer)?.next_intact ?? false,
      ...this.changeFrom(answer, pair),
    }));
    const main = new Set(pairs.map((pair) => measured(session, pair)).filter(Boolean));
    const others = (answer?.measurements ?? []).filter((/** @type {Wire.Measurement} */ m) => !main.has(m));
    this.draw({ rows, others, allowed: Boolean(session.reading.next_intact), failure: session.live.failure });
    const spoken = rows.filter((row) => row.state).map((row) => this.spoken(row));
    if (spoken.length > 0) this.announce(spoken.join('. '));
  }

  /** @param {any} row */
  spoken(row) {
    return t('results.spoken', { code: row.code, pair: row.pair, value: number(row.state.value) });
  }

  /** Endplates still missing for a pair. @param {any} pair @param {any} answer @returns {string} */
  needs(pair, answer) {
    const session = /** @type {Session} */ (this.session);
    const lacking = [pair.upper, pair.lower].filter((e) => {
      const plate = session.reading.vertebrae[e.level]?.[/** @type {'superior'} */ (e.endplate)];
      return !(plate?.anterior && plate?.posterior);
    });
    if (lacking.length === 0) return this.refused(pair, answer)?.reason ?? '';
    return t('results.needs', {
      endplates: lacking.map((e) => `${e.level} ${t(`side.${e.endplate}.short`)}`).join(', '),
    });
  }

  /** @param {any} pair @param {any} answer @returns {?Wire.Missing} why it is not given */
  refused(pair, answer) {
    return (answer?.missing ?? []).find((/** @type {Wire.Missing} */ m) => m.code === pair.code) ?? null;
  }

  /** The choice of the next intact level, where it would help or was made. @param {any} model */
  nextIntact(model) {
    const session = /** @type {Session} */ (this.session);
    const advised = model.rows.some((/** @type {any} */ row) => row.advised);
    if (!advised && !model.allowed) return null;
    const allow = () => allowNextIntact(session, !model.allowed);
    return h('div', { class: 'next-intact' },
      h('p', { class: 'quiet small' }, t(model.allowed ? 'next_intact.used' : 'next_intact.advised')),
      h('button', { type: 'button', class: 'button small', 'data-focus': 'next-intact', onclick: allow }, t(model.allowed ? 'next_intact.stop' : 'next_intact.use')));
  }

  /** @param {any} model */
  fill(model) {
    const title = h('h2', { id: 'results-title' }, t('results.title'));
    if (model.rows.length === 0 && model.others.length === 0) {
      refill(this.rows, title, h('p', { class: 'quiet' }, t('results.empty')));
      this.more.show([]);
      return;
    }
    const away = model.failure
      ? h('p', { class: 'note warning', role: 'status' }, t('results.preview'))
      : null;
    const hidden = this.session?.config.blinded ? h('p', { class: 'quiet small' }, t('blinded.values')) : null;
    refill(this.rows, title, hidden, model.rows.map((/** @type {any} */ row) => angleRow(row)), this.nextIntact(model), away);
    this.more.show(model.others);
  }
}

/** @param {any} row */
function angleRow(row) {
  const { state, change } = row;
  const value = state
    ? [
        h('span', { class: 'value', 'data-value': row.code }, `${number(state.value)}°`),
        h('span', { class: 'uncertainty', title: t('results.uncertainty') }, spreadText(state.interval)),
      ]
    : h('span', { class: 'value none', 'data-value': row.code }, '—');
  return h('article', { class: state?.isPreview ? 'angle-row preview' : 'angle-row', 'data-angle': row.code },
    h('div', { class: 'angle-head' },
      h('span', { class: `sample ${row.code}`, 'aria-hidden': 'true' }),
      h('h3', {}, row.code, ' ', h('span', { class: 'pair' }, row.pair)),
      h('p', { class: 'reading-value' }, value),
    ),
    state?.interval
      ? h('p', { class: 'quiet small' }, t('results.interval', { low: number(state.interval[0]), high: number(state.interval[1]) }), state.value < 0 ? ` · ${t('results.lordosis')}` : '')
      : null,
    row.needs ? h('p', { class: 'quiet small' }, row.needs) : null,
    change ? changeLine(change, row.visit) : null,
  );
}

/** @param {any} answer @param {any} pair @param {Session} session */
function changeOf(answer, pair, session) {
  const m = measured(session, pair);
  if (!m || !session.live.isFor(session.reading)) return null;
  const list = answer?.change ?? [];
  const own = list.filter((/** @type {any} */ c) => c.code === pair.code);
  const pairText = `${m.upper} - ${m.lower}`;
  return own.find((/** @type {any} */ c) => String(c.label).includes(pairText)) ?? null;
}

/** @param {any} change @param {string} visit since when */
function changeLine(change, visit) {
  const facts = {
    visit,
    previous: number(change.previous_value),
    change: change.change === null ? '–' : signed(change.change),
    limit: change.limit === null ? '–' : number(change.limit),
  };
  const basis = change.basis && t(`change.basis.${change.basis}`, facts);
  return h('div', { class: 'change', 'data-verdict': change.verdict },
    h('p', {}, t(change.change === null ? 'change.before' : 'change.line', facts)),
    h('p', { class: 'verdict' }, verdictText(change.verdict), basis ? h('span', { class: 'quiet' }, ` (${basis})`) : null),
    (change.reasons ?? []).map((/** @type {string} */ reason) => h('p', { class: 'quiet' }, reason)),
  );
}

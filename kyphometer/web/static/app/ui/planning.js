/** A small page: how many films or pairs of readings a reliability study needs. Asks the server. */
import { number, t } from '../i18n.js';
import { h, refill } from './dom.js';
import { languageSwitch } from './header.js';
import { icon } from './icons.js';
import { numberField, numberIn } from './number-field.js';

/** Fields: name, usual value, and whether it may be left out. */
const ICC = [['expected', 0.9], ['null', 0.75], ['width', null], ['readings', 2], ['power', 0.8], ['confidence', 0.95]];
const LIMITS = [['tolerance', 5], ['standard_error', 1.5], ['bias', 0], ['power', 0.8], ['confidence', 0.95]];
/** By how much an arrow key changes a field. @type {Object<string, number>} */
const STEPS = { readings: 1, tolerance: 0.5, standard_error: 0.1, bias: 0.1 };

export class Planning {
  /** @param {import('../main.js').App} app */
  constructor(app) {
    this.app = app;
    this.root = h('div', { class: 'worklist' },
      h('header', { class: 'bar' },
        h('a', { class: 'tool wide', href: '#/' }, icon('back'), h('span', {}, t('worklist.short'))),
        h('h1', { class: 'grow' }, t('planning.title')),
        languageSwitch(app.config, (code) => app.speak(code))),
      h('main', { class: 'accounts planning' }, this.part('icc', ICC), this.part('limits', LIMITS)));
  }

  open() {
    document.title = `${t('planning.title')} – Kyphometer`;
  }

  /** @param {'icc'|'limits'} aim @param {any[][]} fields */
  part(aim, fields) {
    const inputs = fields.map(([name, usual]) => [name, numberField({ id: `${aim}-${name}`, value: usual, step: STEPS[name] ?? 0.05 })]);
    const answer = h('div', { role: 'status', 'data-answer': aim });
    const form = h('form', { class: 'new-account', 'aria-label': t(`planning.${aim}`) },
      inputs.map(([name, input]) => h('label', {}, t(`planning.${name}`), input)),
      h('button', { type: 'submit', class: 'button primary' }, t('planning.do')));
    form.addEventListener('submit', (/** @type {Event} */ event) => {
      event.preventDefault();
      const given = inputs.map(([name, input]) => [name, numberIn(input)]).filter(([, value]) => value !== null);
      this.ask(aim, Object.fromEntries(given), answer);
    });
    return h('section', {}, h('h2', {}, t(`planning.${aim}`)), h('p', { class: 'quiet' }, t(`planning.${aim}_hint`)), form, answer);
  }

  /** @param {'icc'|'limits'} aim @param {Wire.PlanIcc & Wire.PlanLimits} body @param {Element} answer */
  async ask(aim, body, answer) {
    try {
      const { sizes } = await this.app.api.call('POST', `/api/planning/${aim}`, body);
      const heads = [t('planning.method'), t('planning.aim'), t(`planning.n_${aim}`), t('planning.achieved')];
      refill(answer, h('table', {},
        h('thead', {}, h('tr', {}, heads.map((text) => h('th', { scope: 'col' }, text)))),
        h('tbody', {}, sizes.map((size) => h('tr', {},
          h('th', { scope: 'row' }, size.method),
          h('td', {}, size.aim),
          h('td', { class: 'n' }, number(size.n, 0)),
          h('td', {}, number(size.achieved, 3)))))));
    } catch (error) {
      refill(answer, h('p', { class: 'failure', role: 'alert' }, error instanceof Error ? error.message : String(error)));
    }
  }

  dispose() {
    this.root.remove();
  }
}

/** The form that plans a session: films by rule, observers, rounds, what is hidden. */
import { number, t } from '../i18n.js';
import { h } from './dom.js';
import { positionName, visitName } from './names.js';
import { numberField, numberIn } from './number-field.js';

const NUMBERS = /** @type {const} */ ([['rounds', 2, 1, 20, 1], ['washout_days', 14, 0, 3650, 0], ['duplicates', 0.15, 0, 0.5, 0.01], ['mirrored', 0.5, 0, 1, 0.01], ['spacing', 5, 1, 100, 1]]);
const SWITCHES = ['assist', 'fix_levels', 'text_checked'];

/** @param {Wire.Choices} choices @param {(body: any) => Promise<boolean>} make */
export function planForm(choices, make) {
  const text = (/** @type {string} */ name, /** @type {any} */ more = {}) => h('input', { type: 'text', name, maxlength: 200, autocomplete: 'off', ...more });
  const label = (/** @type {string} */ name, /** @type {any} */ field) => h('label', {}, t(`quality.plan.${name}`), field);
  const several = (/** @type {string} */ name, /** @type {string[]} */ values) => h('select', { name, multiple: true, size: Math.min(Math.max(values.length, 2), 6) }, values.map((value) => h('option', { value }, name === 'positions' ? positionName(value) || value : name === 'visits' ? visitName(value) || value : value)));
  const form = h('form', { class: 'new-session', 'aria-labelledby': 'plan-title' },
    h('h2', { id: 'plan-title' }, t('quality.plan.title')),
    h('p', { class: 'quiet' }, t('quality.plan.hint', { films: number(choices.films, 0) })),
    h('div', { class: 'new-account' },
      label('code', text('code', { required: true, maxlength: 64, pattern: '[A-Za-z0-9_.\\-]+' })),
      label('session_title', text('title')),
      label('observers', text('observers', { required: true, list: 'known-observers' })),
      h('datalist', { id: 'known-observers' }, choices.observers.map((value) => h('option', { value })))),
    h('fieldset', {}, h('legend', {}, t('quality.plan.films')), h('div', { class: 'new-account' },
      label('visits', several('visits', choices.visits)),
      label('positions', several('positions', choices.positions)),
      label('patients', several('patients', choices.patients)),
      label('sample', numberField({ name: 'films', min: 1, whole: true })))),
    h('fieldset', {}, h('legend', {}, t('quality.plan.rules')), h('div', { class: 'new-account' },
      NUMBERS.map(([name, value, min, max, step]) => label(name, numberField({ name, value, min, max, step: step || 1, whole: step === 1, required: true }))),
      label('seed', numberField({ name: 'seed', min: 0, whole: true })),
      SWITCHES.map((name) => h('label', { class: 'switch' }, h('input', { type: 'checkbox', name }), h('span', {}, t(`quality.plan.${name}`)))),
      label('planning', text('planning', { maxlength: 2000 })))),
    h('fieldset', {}, h('legend', {}, t('quality.plan.training')), h('div', { class: 'new-account' },
      label('training_patients', several('training_patients', choices.patients)),
      label('reference', h('select', { name: 'reference' }, h('option', { value: '' }, '–'), choices.observers.map((value) => h('option', { value }, value)))),
      label('pass_mark', numberField({ name: 'pass_mark', value: 2, min: 0.1, max: 45, step: 0.1, required: true })))),
    h('button', { type: 'submit', class: 'button primary' }, t('quality.plan.do')));
  form.addEventListener('submit', async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (await make(planOf(form))) form.elements.code.value = '';
  });
  return form;
}

/** @param {HTMLFormElement} form what was filled in, as the server takes it */
function planOf(form) {
  const data = new FormData(form);
  const one = (/** @type {string} */ name) => String(data.get(name) ?? '').trim();
  const all = (/** @type {string} */ name) => data.getAll(name).map(String);
  const count = (/** @type {string} */ name) => numberIn(/** @type {HTMLInputElement} */ (form.elements.namedItem(name)));
  return {
    code: one('code'),
    title: one('title'),
    observers: one('observers').split(',').map((name) => name.trim()).filter(Boolean),
    visits: all('visits'),
    positions: all('positions'),
    patients: all('patients'),
    films: count('films'),
    seed: count('seed'),
    planning: one('planning'),
    training_patients: all('training_patients'),
    reference: one('reference') || null,
    pass_mark: count('pass_mark'),
    ...Object.fromEntries(NUMBERS.map(([name]) => [name, count(name)])),
    ...Object.fromEntries(SWITCHES.map((name) => [name, data.has(name)])),
  };
}

/** Questions that need an answer before the work goes on: native modal dialogs. */
import { t } from '../i18n.js';
import { h } from './dom.js';
import { numberField, numberIn } from './number-field.js';

/** @param {string} title @param {any[]} body @param {{label: string, value: string,
 *   primary?: boolean, close?: boolean}[]} choices @returns {Promise<string>} value chosen, '' if
 *   dismissed */
export function ask(title, body, choices) {
  const before = document.activeElement;
  return new Promise((resolve) => {
    const dialog = h('dialog', { class: 'dialog', 'aria-labelledby': 'dialog-title' });
    const buttons = choices.map((choice) =>
      h(
        'button',
        {
          type: 'submit',
          value: choice.value,
          class: choice.primary ? 'button primary' : 'button',
          formnovalidate: !choice.primary,
        },
        choice.label,
      ),
    );
    const form = h('form', { method: 'dialog' }, [
      h('h2', { id: 'dialog-title' }, title),
      ...body,
      h('div', { class: 'dialog-buttons' }, buttons),
    ]);
    dialog.append(form);
    dialog.addEventListener('close', () => {
      dialog.remove();
      if (before instanceof HTMLElement || before instanceof SVGElement) before.focus();
      resolve(dialog.returnValue);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

const KEPT = ['pdf', 'png', 'picture', 'csv', 'copy_tables', 'copy_picture'];

/** What is to be taken away. @returns {Promise<string>} one of `KEPT`, or '' */
export function askKeep() {
  const buttons = KEPT.map((value) => h('button', { type: 'submit', value, class: 'button' }, t(`keep.${value}`)));
  return ask(t('keep.title'), [h('div', { class: 'choices' }, buttons)], [{ label: t('cancel'), value: '' }]);
}

const REASONS = ['outside_film', 'implant', 'cement', 'overlap', 'destroyed', 'quality'];

/** @param {string} where @returns {Promise<?string>} reason, or null */
export async function askNotMeasurable(where) {
  const chosen = h(
    'select',
    { id: 'reason', required: true },
    REASONS.map((key) => h('option', { value: key }, t(`reason.${key}`))),
    h('option', { value: 'other' }, t('reason.other')),
  );
  const other = h('input', { id: 'reason-text', type: 'text', maxlength: 200 });
  const words = h('div', { class: 'words', hidden: true }, h('label', { for: 'reason-text' }, t('not_measurable.text')), other);
  chosen.addEventListener('change', () => {
    words.hidden = chosen.value !== 'other';
    other.required = !words.hidden;
    if (!words.hidden) other.focus();
  });
  const answer = await ask(
    t('not_measurable.title', { where }),
    [h('label', { for: 'reason' }, t('not_measurable.reason')), chosen, words],
    [
      { label: t('cancel'), value: '' },
      { label: t('not_measurable.do'), value: 'yes', primary: true },
    ],
  );
  if (answer !== 'yes') return null;
  // The reading is a record for others: reasons are stored in English, whatever the page shows.
  const stored = { outside_film: 'outside film', quality: 'image quality' };
  if (chosen.value === 'other') return other.value.trim() || null;
  return stored[/** @type {'quality'} */ (chosen.value)] ?? chosen.value;
}

/** Why a confirmed reading is corrected. @returns {Promise<?string>} */
export async function askCorrection() {
  const text = h('input', { id: 'why', type: 'text', maxlength: 300, required: true });
  const answer = await ask(
    t('correction.title'),
    [h('p', {}, t('correction.text')), h('label', { for: 'why' }, t('correction.reason')), text],
    [
      { label: t('cancel'), value: '' },
      { label: t('confirm'), value: 'yes', primary: true },
    ],
  );
  return answer === 'yes' ? text.value.trim() || null : null;
}

/** A word that is kept with a deed. @param {string} title @param {string} text @param {string} deed
 * @param {any[]} [before] further fields
 * @returns {Promise<?string>} the reason, or null if it is not to be done */
export async function askReason(title, text, deed, before = []) {
  const reason = h('input', { id: 'deed-reason', type: 'text', maxlength: 300, required: true });
  const answer = await ask(title, [h('p', {}, text), ...before, h('label', { for: 'deed-reason' }, t('quality.reason')), reason], [
    { label: t('cancel'), value: '' },
    { label: deed, value: 'yes', primary: true },
  ]);
  return answer === 'yes' ? reason.value.trim() || null : null;
}

/** Two saved at once. @param {number} mine @param {number} theirs numbers of marks
 * @returns {Promise<string>} `mine`, `theirs` or '' */
export function askConflict(mine, theirs) {
  return ask(
    t('conflict.title'),
    [
      h('p', {}, t('conflict.text')),
      h('p', { class: 'quiet' }, t('conflict.counts', { mine, theirs })),
      h('p', { class: 'quiet' }, t('conflict.undo')),
    ],
    [
      { label: t('conflict.later'), value: '' },
      { label: t('conflict.theirs'), value: 'theirs' },
      { label: t('conflict.mine'), value: 'mine', primary: true },
    ],
  );
}

/** @param {string} now who reads @param {string[]} known others @returns {Promise<string>} code, or '' */
export async function askObserver(now, known) {
  const code = h('input', { id: 'observer', type: 'text', required: true, maxlength: 64, list: 'observers', value: now, autocomplete: 'off' });
  const answer = await ask(
    t('observer.title'),
    [
      h('p', { class: 'quiet' }, t('observer.text')),
      h('label', { for: 'observer' }, t('observer.code')),
      code,
      h('datalist', { id: 'observers' }, known.map((name) => h('option', { value: name }))),
    ],
    [
      { label: t('cancel'), value: '' },
      { label: t('observer.do'), value: 'yes', primary: true },
    ],
  );
  return answer === 'yes' ? code.value.trim() : '';
}

/** @returns {Promise<?{old: string, new: string}>} the old and the new password, or null */
export async function askPassword() {
  const field = (/** @type {string} */ id, /** @type {string} */ hint) =>
    h('input', { id, type: 'password', required: true, maxlength: 1000, autocomplete: hint });
  const [old, fresh] = [field('old', 'current-password'), field('new', 'new-password')];
  const answer = await ask(
    t('account.password'),
    [h('label', { for: 'old' }, t('account.old')), old, h('label', { for: 'new' }, t('account.new')), fresh],
    [
      { label: t('cancel'), value: '' },
      { label: t('account.password'), value: 'yes', primary: true },
    ],
  );
  return answer === 'yes' ? { old: old.value, new: fresh.value } : null;
}

/** @param {string[]} levels @param {string} chosen @returns {Promise<string>} level or '' */
export async function askLevel(levels, chosen) {
  const list = h(
    'select',
    { id: 'level', size: 8 },
    levels.map((level) => h('option', { value: level, selected: level === chosen }, level)),
  );
  list.addEventListener('dblclick', () => list.form.requestSubmit(list.form.querySelector('.primary')));
  const answer = await ask(
    t('another.title'),
    [h('label', { for: 'level' }, t('another.text')), list],
    [
      { label: t('cancel'), value: '' },
      { label: t('another.do'), value: 'yes', primary: true },
    ],
  );
  return answer === 'yes' ? list.value : '';
}

/** An object of known size. @returns {Promise<?{kind: string, known_mm: number, known_sd_mm: number, mark_sd_mm: number}>} */
export async function askKnownSize() {
  const field = (/** @type {string} */ id, /** @type {?number} */ value, /** @type {number} */ min) =>
    numberField({ id, required: true, min, max: 1000, step: 0.1, value });
  const kind = h('select', { id: 'known-kind' }, ['sphere', 'ruler'].map((one) => h('option', { value: one }, t(`known.${one}`))));
  const [size, sd, mark] = [field('known-mm', null, 0.1), field('known-sd', 0.1, 0), field('known-mark', 0.5, 0)];
  const answer = await ask(
    t('known.title'),
    [
      h('p', { class: 'quiet' }, t('known.text')),
      h('label', { for: 'known-kind' }, t('known.kind')), kind,
      h('label', { for: 'known-mm' }, t('known.mm')), size,
      h('label', { for: 'known-sd' }, t('known.sd')), sd,
      h('label', { for: 'known-mark' }, t('known.mark')), mark,
    ],
    [
      { label: t('cancel'), value: '' },
      { label: t('known.do'), value: 'yes', primary: true },
    ],
  );
  if (answer !== 'yes') return null;
  return { kind: kind.value, known_mm: numberIn(size) ?? 0, known_sd_mm: numberIn(sd) ?? 0, mark_sd_mm: numberIn(mark) ?? 0 };
}

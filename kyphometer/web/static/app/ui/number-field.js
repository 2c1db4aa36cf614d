/**
 * A field for a number that is shown and taken with the decimal mark of the page's language; the
 * browser's own number fields follow the browser's language, whatever the page's is.
 */
import { parseDecimal, writeDecimal } from '../core/decimal.js';
import { decimalMark, number, t } from '../i18n.js';
import { h } from './dom.js';

/** @typedef {{value?: ?number, min?: number, max?: number, step?: number, whole?: boolean,
 *   required?: boolean, id?: string, name?: string}} NumberOptions */

/** @param {NumberOptions} options @returns {HTMLInputElement} */
export function numberField({ value = null, min = -Infinity, max = Infinity, step = 1, whole = false, ...attributes }) {
  const field = h('input', {
    type: 'text', class: 'number', inputmode: whole ? 'numeric' : 'decimal', autocomplete: 'off', maxlength: 20,
    value: value === null ? '' : writeDecimal(value, decimalMark()), ...attributes,
  });
  const check = () => field.setCustomValidity(complaint(field.value, { min, max, whole }));
  field.addEventListener('input', check);
  field.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => {
    const way = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (!way) return;
    event.preventDefault();
    const now = numberIn(field) ?? 0;
    if (Number.isNaN(now)) return;
    field.value = writeDecimal(Math.min(max, Math.max(min, now + way * step)), decimalMark());
    check();
  });
  check();
  return field;
}

/** The number in a field; null if it is empty. @param {HTMLInputElement} field @returns {?number} */
export const numberIn = (field) => (field.value.trim() === '' ? null : parseDecimal(field.value, decimalMark()));

/** What is wrong with a text, or ''. @param {string} text @param {{min: number, max: number, whole: boolean}} rules */
function complaint(text, { min, max, whole }) {
  if (text.trim() === '') return '';
  const value = parseDecimal(text, decimalMark());
  if (Number.isNaN(value)) return t('field.number', { example: number(12.5) });
  if (whole && !Number.isInteger(value)) return t('field.whole');
  if (value < min || value > max) return max === Infinity ? t('field.least', { min: short(min) }) : t('field.range', { min: short(min), max: short(max) });
  return '';
}

const short = (/** @type {number} */ value) => writeDecimal(value, decimalMark());

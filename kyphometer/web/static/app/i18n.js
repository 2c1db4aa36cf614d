/** Interface texts: one catalogue a language, numbers and dates by locale. */

/** @type {{language: string, texts: Object<string, string>, fallback: Object<string, string>}} */
const current = { language: 'en', texts: {}, fallback: {} };
const LOCALES = { en: 'en-GB', vi: 'vi-VN' };

/** @param {string} language @returns {Promise<Object<string, string>>} */
async function catalogue(language) {
  const response = await fetch(new URL(`../i18n/${language}.json`, import.meta.url));
  if (!response.ok) throw new Error(`No texts for language ${language}.`);
  return response.json();
}

/** @param {string} language */
export async function useLanguage(language) {
  current.fallback = Object.keys(current.fallback).length ? current.fallback : await catalogue('en');
  current.texts = language === 'en' ? current.fallback : await catalogue(language);
  current.language = language;
  document.documentElement.lang = language;
}

export const language = () => current.language;

/** Text of a key with `{name}` filled in. @param {string} key
 * @param {Object<string, any>} [values] @returns {string} */
export function t(key, values = {}) {
  const text = current.texts[key] ?? current.fallback[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

/** @param {string} key @param {number} count @param {Object<string, any>} [values] */
export function plural(key, count, values = {}) {
  const rule = new Intl.PluralRules(locale()).select(count);
  return t(rule === 'one' ? `${key}.one` : `${key}.other`, { count: number(count, 0), ...values });
}

const locale = () => LOCALES[/** @type {'en'} */ (current.language)] ?? current.language;

/** What stands before the decimals in the language of the page. @returns {string} */
export const decimalMark = () => number(0.5, 1).charAt(1);

/** @param {number} value @param {number} [digits] @returns {string} with a true minus sign */
export function number(value, digits = 1) {
  const rounded = Number(value.toFixed(digits)) + 0;
  const format = new Intl.NumberFormat(locale(), {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
  return format.format(rounded).replace('-', '\u2212');
}

/** @param {number} value @param {number} [digits] */
export function signed(value, digits = 1) {
  const text = number(value, digits);
  return Number(value.toFixed(digits)) > 0 ? `+${text}` : text;
}

/** @param {?string} iso date as 2026-11-22 or 20261122 @returns {string} */
export function date(iso) {
  if (!iso) return '';
  const compact = /^(\d{4})-?(\d{2})-?(\d{2})/.exec(iso);
  if (!compact) return iso;
  const [year, month, day] = compact.slice(1).map(Number);
  return new Intl.DateTimeFormat(locale(), { dateStyle: 'medium', timeZone: 'UTC' }).format(
    new Date(Date.UTC(year, month - 1, day)),
  );
}

/** `superior` of `T12` in words. @param {string} level @param {string} endplate */
export function endplateName(level, endplate) {
  return t('endplate.of', { level, side: t(`side.${endplate}`) });
}

/** Pair of endplates, short: `T12 sup - L2 inf`.
 * @param {{level: string, endplate: string}} upper @param {{level: string, endplate: string}} lower */
export function pairName(upper, lower) {
  const one = (/** @type {any} */ e) => `${e.level} ${t(`side.${e.endplate}.short`)}`;
  return `${one(upper)} – ${one(lower)}`;
}

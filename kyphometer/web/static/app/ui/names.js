/** Words of the record in the language of the page; what has no translation is shown as it is. */
import { t } from '../i18n.js';

/** @param {string} family @param {?string} code @returns {string} */
function named(family, code) {
  if (!code) return '';
  const key = `${family}.${code}`;
  const text = t(key);
  return text === key ? code.replaceAll('_', ' ') : text;
}

/** A visit of a study by its code, or the time point that a header names (`6 months`).
 * @param {?string} visit */
export function visitName(visit) {
  if (!visit) return '';
  const key = visit.toLowerCase().replaceAll(/[ -]+/g, '_');
  const text = named('visit', key);
  return text === key.replaceAll('_', ' ') ? visit.replaceAll('_', ' ') : text;
}

/** @param {string} code of a measurement */
export const measureName = (code) => named('measure', code);

/** @param {?string} position */
export const positionName = (position) => named('position', position);

/** @param {string} fact */
export const factName = (fact) => named('fact', fact);

/** Patient and visit, as far as they are known. @param {any} film */
export const filmTitle = (film) => (film.patient ? [film.patient, visitName(film.visit)].filter(Boolean).join(' · ') : '');

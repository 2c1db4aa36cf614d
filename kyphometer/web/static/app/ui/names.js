/** Words of the record in the language of the page; what has no translation is shown as it is. */
import { t } from '../i18n.js';

/** @param {string} family @param {?string} code @returns {string} */
function named(family, code) {
  if (!code) return '';
  const text = t(`${family}.${code}`);
  return text === `${family}.${code}` ? code.replaceAll('_', ' ') : text;
}

/** @param {?string} visit */
export const visitName = (visit) => named('visit', visit);

/** @param {?string} position */
export const positionName = (position) => named('position', position);

/** @param {string} fact */
export const factName = (fact) => named('fact', fact);

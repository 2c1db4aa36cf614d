/**
 * What is said about an angle: the server's value where it is for this document, the preview while
 * it is not.
 * @typedef {import('../session.js').Session} Session
 * @typedef {import('../core/preview.js').Pair} Pair
 */
import { angleOf } from '../core/preview.js';
import { number, t } from '../i18n.js';

/** @param {Session} session @param {Pair} pair @returns {?any} the server's measurement */
export function measured(session, pair) {
  const all = session.live.answer?.measurements ?? [];
  return all.find((/** @type {any} */ m) => isOf(m, pair)) ?? null;
}

/** @param {any} m a measurement of the server @param {Pair} pair */
export function isOf(m, pair) {
  const upper = `${pair.upper.level}.${pair.upper.endplate}`;
  const lower = `${pair.lower.level}.${pair.lower.endplate}`;
  return m.code === pair.code && m.upper === upper && m.lower === lower;
}

/** @param {Session} session @param {Pair} pair
 * @returns {?{value: number, interval: ?number[], isPreview: boolean}} */
export function stateOf(session, pair) {
  if (session.config?.blinded) return null;
  const { reading, live } = session;
  const preview = angleOf(reading, pair, session.facts.geometry, session.facing);
  if (preview === null) return null;
  const answer = measured(session, pair);
  if (!answer && live.isFor(reading)) return null; // refused: no number beside the reason
  if (!answer || !live.isFor(reading)) {
    return { value: preview, interval: null, isPreview: true };
  }
  return {
    value: answer.value,
    interval: answer.interval95 ?? null,
    isPreview: false,
  };
}

/** `VKA 18.3°`, or nothing before both endplates exist.
 * @param {Session} session @param {Pair} pair @returns {string} */
export function angleText(session, pair) {
  const state = stateOf(session, pair);
  return state ? `${pair.code} ${number(state.value)}°` : '';
}

/** `± 5.3°`: half of the server's 95 % interval, as everywhere in Kyphometer.
 * @param {?number[]} interval */
export function spreadText(interval) {
  return interval ? `± ${number((interval[1] - interval[0]) / 2)}°` : '';
}

/** @param {string} verdict code of the server @returns {string} */
export function verdictText(verdict) {
  const key = `verdict.${verdict.replaceAll(' ', '_')}`;
  const text = t(key);
  return text === key ? verdict.replaceAll('_', ' ') : text;
}

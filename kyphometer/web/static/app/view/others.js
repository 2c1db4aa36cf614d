/**
 * Other readings of the same film as thin lines: each has a number and a dash of its own.
 * @typedef {import('../core/geometry.js').Point} Point
 * @typedef {{key: string, a: Point, b: Point, at: Point, text: string, dash: number}} OtherShape
 */
import { endplatesOf, normalised } from '../core/document.js';
import { distance, extend } from '../core/geometry.js';
import { number, t } from '../i18n.js';

const DASHES = 5;
const STEP = 13;

/** @param {any[]} documents readings in the order of their numbers
 * @param {(p: Point) => Point} project film to pane @returns {OtherShape[]} */
export function othersOf(documents, project) {
  return documents.flatMap((document, i) =>
    endplatesOf(normalised(document))
      .filter((e) => e.complete)
      .map((e) => shapeOf(e, i, project, document)));
}

/** The number, or the letter of one without a name, stands behind the posterior corner, each reading's a little further away.
 * @param {any} e @param {number} i @param {(p: Point) => Point} project @param {any} document
 * @returns {OtherShape} */
function shapeOf(e, i, project, document) {
  const a = project(e.plate.anterior.xy);
  const b = project(e.plate.posterior.xy);
  const at = distance(a, b) < 1 ? b : extend(a, b, STEP * (i + 1));
  return { key: `${i}.${e.level}.${e.endplate}`, a, b, at, text: document.label ?? String(i + 1), dash: i % DASHES };
}

/** Endplates that the image proposes and nobody has taken, by level; a doubtful body says how doubtful.
 * @param {import('../session.js').Session} session @param {(p: Point) => Point} project @returns {OtherShape[]} */
export function proposedOf(session, project) {
  return session.offers.map(({ level, endplate, plate }) => {
    const [a, b] = [project(plate.anterior.xy), project(plate.posterior.xy)];
    const named = endplate === 'superior' || level === 'S1';
    const doubtful = named && !session.proposal?.likely.includes(level);
    const text = doubtful ? t('proposal.doubtful', { level, percent: percentOf(session, level) }) : level;
    const at = distance(a, b) < 1 ? b : extend(a, b, STEP * (doubtful ? 5 : 2));
    return { key: `proposed.${level}.${endplate}`, a, b, at, text: named ? text : '', dash: 5 };
  });
}

/** A proposed body's doubt as a whole number of percent. @param {import('../session.js').Session} session @param {string} level */
export function percentOf(session, level) {
  return number(100 * (session.proposal?.doubts[level] ?? 1), 0);
}

/** Lines beside the reading, by number, and the object of known size.
 * @param {import('../session.js').Session} session @param {(p: Point) => Point} project @returns {OtherShape[]} */
export function linesOf({ lines, reading }, project) {
  const known = /** @type {any} */ (reading).known_size;
  const drawn = lines.map((ends, i) => ({ ends, text: String(i + 1), dash: 0 }));
  const all = known ? [...drawn, { ends: known.ends, text: `${known.known_mm} mm`, dash: 3 }] : drawn;
  return all.map(({ ends, text, dash }, i) => {
    const [a, b] = [project(ends[0]), project(ends[1])];
    const at = distance(a, b) < 1 ? b : extend(a, b, STEP);
    return { key: `line.${i}.${text}`, a, b, at, text, dash };
  });
}

/**
 * Bodies that the image proposes, before anybody has taken them: labels that can be moved, and what of
 * them may be taken.
 * @typedef {import('./document.js').Reading} Reading
 * @typedef {import('./plan.js').Want} Want
 * @typedef {{document: any, facing: ?string, sure: boolean, moved: number, notes: string[],
 *   doubts: Object<string, number>, likely: string[], metal: string[], fractures: string[]}} Proposal
 * @typedef {{level: string, endplate: import('./anatomy.js').Side, plate: any}} Offer
 */
import { neighbour, sidesOf } from './anatomy.js';
import { endplateOf, endplatesOf, normalised, shifted, withCorner } from './document.js';

/** A click takes a body within this part of it about its centre: corners lie outside. */
const MIDDLE = 0.6;

/** @param {Wire.Proposed} answer @returns {Proposal} */
export function proposalOf(answer) {
  return {
    document: normalised(answer.document),
    facing: answer.facing,
    sure: answer.sure,
    moved: 0,
    notes: answer.notes,
    doubts: Object.fromEntries(answer.bodies.map((body) => [body.level, body.doubt])),
    likely: answer.bodies.filter((body) => body.likely).map((body) => body.level),
    metal: answer.bodies.filter((body) => body.metal).map((body) => body.level),
    fractures: answer.fractures.map((one) => one.level),
  };
}

/** All labels one level up (-1) or down (+1); null if one would leave the spine.
 * @param {Proposal} proposal @param {1|-1} step @returns {?Proposal} */
export function moved(proposal, step) {
  const document = shifted(proposal.document, step);
  if (!document) return null;
  const marked = Object.keys(proposal.document.vertebrae);
  const to = (/** @type {string} */ level) => /** @type {string} */ (neighbour(level, step, marked));
  const doubts = Object.fromEntries(Object.entries(proposal.doubts).map(([level, doubt]) => [to(level), doubt]));
  return { ...proposal, document, doubts, likely: proposal.likely.map(to), metal: proposal.metal.map(to), fractures: proposal.fractures.map(to), moved: proposal.moved + step };
}

/** Proposed endplates of which the reading has no corner.
 * @param {Proposal} proposal @param {Reading} reading @returns {Offer[]} */
export function untaken(proposal, reading) {
  const stated = new Set(reading.not_measurable.map((one) => `${one.level}.${one.endplate}`));
  return endplatesOf(proposal.document)
    .filter((one) => one.complete && sidesOf(one.level).includes(one.endplate))
    .filter((one) => !endplateOf(reading, one.level, one.endplate) && !stated.has(`${one.level}.${one.endplate}`));
}

/** The proposed body in whose middle a place lies, as long as one of its endplates is not taken.
 * @param {Proposal} proposal @param {Offer[]} offers @param {readonly number[]} at on the film @returns {?string} */
export function bodyAt(proposal, offers, at) {
  for (const level of new Set(offers.map((one) => one.level))) {
    const { superior, inferior } = proposal.document.vertebrae[level] ?? {};
    const marks = [superior?.anterior, superior?.posterior, inferior?.posterior, inferior?.anterior];
    if (marks.every(Boolean) && isInMiddle(marks.map((mark) => mark?.xy ?? [0, 0]), at)) return level;
  }
  return null;
}

/** @param {(readonly number[])[]} loop corners in order @param {readonly number[]} at */
function isInMiddle(loop, at) {
  const mean = [0, 1].map((i) => loop.reduce((sum, corner) => sum + corner[i], 0) / loop.length);
  const far = [0, 1].map((i) => mean[i] + (at[i] - mean[i]) / MIDDLE);
  const turns = loop.map((a, i) => {
    const b = loop[(i + 1) % loop.length];
    return (b[0] - a[0]) * (far[1] - a[1]) - (b[1] - a[1]) * (far[0] - a[0]);
  });
  return turns.every((turn) => turn > 0) || turns.every((turn) => turn < 0);
}

/** What one key takes: wanted endplates of bodies that may be taken together, or all of those if none are wanted.
 * @param {Proposal} proposal @param {Reading} reading @param {Want[]} queue @returns {Offer[]} */
export function confident(proposal, reading, queue) {
  const wanted = new Set(queue.map((want) => `${want.level}.${want.endplate}`));
  return untaken(proposal, reading)
    .filter((one) => proposal.likely.includes(one.level))
    .filter((one) => queue.length === 0 || wanted.has(`${one.level}.${one.endplate}`));
}

/** The reading with those endplates, and where each of their corners was proposed.
 * @param {Reading} reading @param {Proposal} proposal @param {Offer[]} offers @returns {Reading} */
export function withTaken(reading, proposal, offers) {
  let next = reading;
  /** @type {Object<string, number[]>} */
  const places = { ...reading.draft?.proposed };
  for (const { level, endplate, plate } of offers) {
    for (const corner of /** @type {const} */ (['anterior', 'posterior'])) {
      next = withCorner(next, { level, endplate, corner }, plate[corner]);
      places[`${level}.${endplate}.${corner}`] = plate[corner].xy;
    }
  }
  const facing = reading.facing ?? /** @type {any} */ (proposal.facing);
  return { ...next, ...(facing ? { facing } : {}), draft: { ...next.draft, proposed: places } };
}

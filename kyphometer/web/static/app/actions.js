/**
 * Everything that changes a reading; each call is one step of undo.
 * @typedef {import('./session.js').Session} Session
 * @typedef {import('./core/geometry.js').Point} Point
 * @typedef {import('./core/document.js').CornerRef} CornerRef
 */
import { clamp } from './core/geometry.js';
import { ApiError } from './api.js';
import * as doc from './core/document.js';
import { planFor, sortWants } from './core/plan.js';
import { confident, moved, proposalOf, withTaken } from './core/proposal.js';
import { facingOf, forwardOf } from './core/preview.js';
import { directionOf, isUpright, onScreen } from './core/turn.js';
import { t } from './i18n.js';

/** A point kept on the film. @param {Session} session @param {Point} p @returns {Point} */
function onFilm(session, p) {
  const { columns, rows } = session.facts;
  return [clamp(p[0], 0, columns), clamp(p[1], 0, rows)];
}

/** The document with a corner at a place, unsaved. @param {Session} session
 * @param {CornerRef} ref @param {Point} p */
export function withPlaced(session, ref, p) {
  return doc.withCorner(session.history.saved, ref, doc.handMark(onFilm(session, p)));
}

/** Keep the corner that is being placed: anterior and posterior sorted by where the patient faces;
 * the first endplate of a film of unknown facing is taken as clicked (anterior first).
 * @param {Session} session @param {CornerRef} ref @param {Point} p @returns {string} key */
export function place(session, ref, p) {
  let next = withPlaced(session, ref, p);
  const plate = doc.endplateOf(next, ref.level, ref.endplate);
  if (doc.isComplete(plate)) {
    next = isUpright(session.turn) ? sorted(session, next, ref) : sortedByMarks(session, next);
  }
  const placed = doc.cornersOf(next).find((c) => samePlace(c.mark.xy, onFilm(session, p)));
  session.history.commit(next, 'place');
  return placed?.key ?? doc.keyOf(ref);
}

/** @param {Session} session @param {doc.Reading} next @param {CornerRef} ref */
function sorted(session, next, ref) {
  const facing = facingOf(next, session.facts.facing ?? null);
  const kept = doc.canonical(next, ref.level, ref.endplate, facing);
  return !kept.facing && facing ? { ...kept, facing } : kept;
}

/** A film that is shown turned may lie on its side or head down: where the head is, its endplates say as
 * soon as there are two, and those marked before are sorted with the new one.
 * @param {Session} session @param {doc.Reading} next */
function sortedByMarks(session, next) {
  const up = doc.upOf(next);
  const facing = up && facingOf(session.history.saved, session.facts.facing ?? null, up);
  return up && facing ? doc.withFacing(next, facing, up) : next;
}

/** @param {Point} a @param {Point} b */
function samePlace(a, b) {
  return Math.abs(a[0] - b[0]) < 0.002 && Math.abs(a[1] - b[1]) < 0.002;
}

/** Show a corner elsewhere during a drag. @param {Session} session @param {string} key
 * @param {Point} p */
export function dragTo(session, key, p) {
  session.history.preview(withPlaced(session, doc.refOf(key), p));
}

/** @param {Session} session @param {string} key @param {Point} p @param {string} [label] */
export function moveTo(session, key, p, label = 'move') {
  session.history.commit(withPlaced(session, doc.refOf(key), p), label);
}

/** @param {Session} session @param {string} key @param {number} dx @param {number} dy film pixels */
export function nudge(session, key, dx, dy) {
  const mark = doc.markOf(session.history.saved, doc.refOf(key));
  if (mark) moveTo(session, key, [mark.xy[0] + dx, mark.xy[1] + dy], 'nudge');
}

/** @param {Session} session @param {string} key */
export function removeCorner(session, key) {
  session.history.commit(doc.withCorner(session.history.saved, doc.refOf(key), null), 'remove');
}

/** @param {Session} session @param {string} level */
export function removeVertebra(session, level) {
  session.history.commit(doc.withoutVertebra(session.history.saved, level), 'remove');
}

/** Begin a consensus with these marks: one step of undo. @param {Session} session @param {any} document */
export function takeConsensus(session, document) {
  const { vertebrae, fractured_levels, facing, corner_rule, not_measurable, consensus, known_size, next_intact } = doc.normalised(document);
  const kept = { ...session.history.saved, carried_over: undefined, draft: { ...session.history.saved.draft, queue: [] } };
  session.arm(false);
  session.select(null);
  session.history.commit({ ...kept, vertebrae, fractured_levels, facing, corner_rule, not_measurable, consensus, known_size, next_intact }, 'consensus');
}

/** What millimetres rest on from now on; null: the film's own pixel size. @param {Session} session @param {?object} known */
export function setKnownSize(session, known) {
  const { known_size: _before, ...rest } = /** @type {any} */ (session.history.saved);
  session.history.commit(known ? { ...rest, known_size: known } : rest, 'known_size');
}

/** Have the image propose the film's bodies. @param {Session} session @param {boolean} quietly without a word if it sees none */
export async function propose(session, quietly = false) {
  try {
    session.propose(proposalOf(await session.api.proposal(session.id)));
  } catch (error) {
    if (error instanceof ApiError && error.kind === 'NoLateralSpineError') session.refused = true;
    if (!quietly) session.say(error instanceof Error ? error.message : String(error), 'warning');
  }
}

/** Take proposed endplates: the one asked for now, or all that are wanted and may be taken together.
 * @param {Session} session @param {boolean} one */
export function takeProposed(session, one) {
  const { proposal, target, queue } = session;
  if (!proposal) return;
  const before = target;
  const reading = session.history.saved;
  const offers = one
    ? session.offers.filter((offer) => offer.level === target?.level && offer.endplate === target.endplate)
    : confident(proposal, reading, queue);
  if (offers.length === 0) {
    session.say(t('proposal.nothing'));
    return;
  }
  session.history.commit(withTaken(reading, proposal, offers), 'take');
  session.emit('advance', { from: before ?? {} });
}

/** Take what is proposed of one body and not marked yet. @param {Session} session @param {string} level */
export function takeBody(session, level) {
  const { proposal, target } = session;
  const offers = session.offers.filter((offer) => offer.level === level);
  if (!proposal || offers.length === 0) return;
  session.history.commit(withTaken(session.history.saved, proposal, offers), 'take');
  session.emit('advance', { from: target ?? {} });
}

/** Whether the next intact level stands in for a neighbour of the fracture. @param {Session} session @param {boolean} allowed */
export function allowNextIntact(session, allowed) {
  const { next_intact: _before, ...rest } = session.history.saved;
  session.history.commit(allowed ? { ...rest, next_intact: true } : rest, 'next_intact');
}

/** Choose the fractured levels and ask for the endplates their angles need.
 * @param {Session} session @param {string[]} levels */
export function chooseFractured(session, levels) {
  const reading = doc.withFractured(session.history.saved, levels);
  const queue = planFor(levels, session.prefs.plan, Object.keys(reading.vertebrae));
  session.history.commit({ ...reading, draft: { ...reading.draft, queue } }, 'fracture');
  session.arm(queue.length > 0);
  session.emit('advance', { from: null });
}

/** Ask for the endplates of one more vertebra. @param {Session} session @param {string} level */
export function askFor(session, level) {
  const middle = session.prefs.plan === 'six';
  const others = session.queue.filter((want) => want.level !== level);
  const wants = doc.normalised(session.history.saved);
  const sides = level === 'S1' ? ['superior'] : ['superior', 'inferior'];
  const more = sides.map((endplate) => ({ level, endplate, middle }));
  const queue = sortWants(/** @type {any} */ ([...others, ...more]));
  session.history.commit({ ...wants, draft: { ...wants.draft, queue } }, 'ask');
  session.arm(true);
  session.emit('advance', { from: null });
}

/** @param {Session} session @param {string} level @param {any} side @param {?string} reason */
export function notMeasurable(session, level, side, reason) {
  const before = session.target;
  session.history.commit(
    doc.withNotMeasurable(session.history.saved, level, side, reason),
    'not_measurable',
  );
  session.emit('advance', { from: before });
}

/** @param {Session} session */
export function flipFacing(session) {
  const facing = session.facing === 'right' ? 'left' : 'right';
  const reading = session.history.saved;
  const up = isUpright(session.turn) ? null : doc.upOf(reading);
  session.history.commit(doc.withFacing(reading, facing, up ?? doc.UP), 'facing');
  const forward = forwardOf(session.reading, facing) ?? [0, 0];
  session.say(t('facing.now', { side: t(`facing.${directionOf(onScreen(session.turn, forward))}`) }));
}

/** @param {Session} session @param {string} from @param {string} to @returns {boolean} */
export function relabel(session, from, to) {
  const next = doc.relabelled(session.history.saved, from, to);
  if (!next) {
    session.say(t('relabel.taken', { from, to }), 'warning');
    return false;
  }
  session.history.commit(next, 'relabel');
  return true;
}

/** @param {Session} session @param {1|-1} step */
export function shiftAll(session, step) {
  const proposal = session.proposal && moved(session.proposal, step);
  if (proposal) session.propose(proposal);
  if (proposal && doc.cornersOf(session.reading).length === 0) return;
  const next = doc.shifted(session.history.saved, step);
  if (!next) {
    session.say(t('relabel.end'), 'warning');
    return;
  }
  session.history.commit(next, 'shift');
  session.say(t(step > 0 ? 'relabel.down' : 'relabel.up'));
}

/** An assisted corner was looked at and agreed with. @param {Session} session @param {string} key */
export function accept(session, key) {
  const reading = session.history.saved;
  const accepted = [...new Set([...(reading.draft?.accepted ?? []), key])];
  session.history.commit({ ...reading, draft: { ...reading.draft, accepted } }, 'accept');
}

/** @param {Session} session @param {string} text */
export function commentOn(session, text) {
  const reading = session.history.saved;
  if ((reading.comment ?? '') === text) return;
  session.history.commit({ ...reading, comment: text }, 'comment');
}

/** @param {Session} session @param {'undo'|'redo'} way */
export function travel(session, way) {
  const label = session.history[way]();
  if (label) session.say(t(`step.${way}`, { step: t(`step.${label}`) }));
}

/** Ask the image about corners; what it moves is a step of its own.
 * @param {Session} session @param {any[]} targets */
export async function assist(session, targets) {
  const sent = session.history.saved;
  const { draft: _draft, ...document } = sent;
  try {
    const answer = await session.api.assist(session.id, document, targets);
    applyMoved(session, answer);
    for (const refusal of answer.refused ?? []) {
      const side = refusal.endplate ? ` ${t(`side.${refusal.endplate}.short`)}` : '';
      const where = `${refusal.level}${side}`;
      session.say(t('assist.refused', { where, reason: refusal.reason }), 'warning');
    }
  } catch (error) {
    session.say(error instanceof Error ? error.message : String(error), 'warning');
  }
}

/** Only corners that still lie where they were sent from are moved.
 * @param {Session} session @param {any} answer */
function applyMoved(session, answer) {
  let next = session.history.saved;
  for (const moved of answer.moved ?? []) {
    const now = doc.markOf(next, moved);
    const mark = answer.document?.vertebrae?.[moved.level]?.[moved.endplate]?.[moved.corner];
    if (now && mark && samePlace(now.xy, moved.from)) next = doc.withCorner(next, moved, mark);
  }
  if (next !== session.history.saved) session.history.commit(next, 'assist');
}

/** @param {Session} session @param {?string} from film of the earlier visit; null: the latest one
 * that this reader has confirmed
 * @param {Object<string, Point>} [anchors] where the reader says that bodies lie */
export async function carryOver(session, from, anchors = {}) {
  const { draft, ...document } = session.history.saved;
  session.askWhere(null);
  try {
    const answer = await session.api.carryOver(session.id, document, from, anchors);
    session.history.commit({ ...doc.normalised(answer.document), draft }, 'carry');
    session.emit('carried');
    session.emit('advance', { from: {} });
    for (const note of answer.notes ?? []) session.say(note);
  } catch (error) {
    session.say(error instanceof Error ? error.message : String(error), 'warning');
    const levels = error instanceof ApiError ? (error.body?.facts?.levels ?? []) : [];
    if (levels.length > 0) session.askWhere({ from, levels, level: likely(session, levels) });
  }
}

/** The body that a reader most likely knows: the fractured one, else the middle one.
 * @param {Session} session @param {string[]} levels @returns {string} */
function likely(session, levels) {
  const known = [...session.reading.fractured_levels, ...(session.facts.fractured_levels ?? [])];
  return known.find((level) => levels.includes(level)) ?? levels[Math.floor(levels.length / 2)];
}

/** The reader has clicked the middle of the body asked for. @param {Session} session
 * @param {Point} at */
export function answerWhere(session, at) {
  const { where } = session;
  if (where) carryOver(session, where.from, { [where.level]: [at[0], at[1]] });
}

/** Confirm the reading as it stands. @param {Session} session @param {?string} reason
 * @returns {Promise<boolean>} */
export async function confirm(session, reason) {
  await session.saver.flush();
  const reading = session.history.saved;
  const { draft: _draft, ...document } = reading;
  try {
    const answer = await session.api.confirm(session.id, document, session.saver.base, reason, session.log());
    session.saver.settle(answer.etag, session.saver.waiting);
    session.confirmed = reading;
    session.version = answer.version;
    session.status = 'read';
    session.arm(false);
    session.emit('confirmed', answer);
    return true;
  } catch (error) {
    if (error instanceof ApiError && error.status === 409) session.saver.fail(error);
    else session.say(error instanceof Error ? error.message : String(error), 'error');
    return false;
  }
}

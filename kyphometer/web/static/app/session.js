/**
 * One film being read: its document with undo, what is asked for next, what is selected, and the
 * server's answers. Knows nothing of the screen.
 * @typedef {import('./core/document.js').Reading} Reading
 * @typedef {import('./core/document.js').CornerRef} CornerRef
 */
import { cornersOf, emptyReading, markOf, normalised, refOf } from './core/document.js';
import { Emitter } from './core/emitter.js';
import { History } from './core/history.js';
import { nextTarget } from './core/plan.js';
import { untaken } from './core/proposal.js';
import { facingOf } from './core/preview.js';
import { UPRIGHT } from './core/turn.js';
import { Live } from './live.js';
import { backup, Saver, slotOf } from './save.js';

/** Where the image said that a corner lies. */
const PROPOSED = new Set(['refined', 'carried', 'detected']);

export class Session extends Emitter {
  /** @param {import('./api.js').Api} api @param {any} config @param {any} prefs @param {any} facts
   * @param {any} stored answer of /document */
  constructor(api, config, prefs, facts, stored) {
    super();
    this.api = api;
    this.config = config;
    this.prefs = prefs;
    this.facts = facts;
    this.id = facts.film_id;
    this.opened = performance.now();
    /** @type {import('./core/turn.js').Turn} how its film is shown */
    this.turn = UPRIGHT;
    /** @type {() => any} zoom and window now, from the page */
    this.looks = () => ({});
    const document = stored.document ?? emptyReading(stored.film ?? facts.reference ?? null);
    /** @type {History<Reading>} */
    this.history = new History(normalised(document));
    this.version = stored.version ?? 0;
    this.status = stored.status ?? 'unread';
    /** @type {?Reading} the document as it was last confirmed */
    this.confirmed = stored.source === 'reading' ? this.history.saved : null;
    this.armed = Boolean(document.draft?.armed) && this.status !== 'read';
    /** @type {?string} */
    this.selected = null;
    /** @type {[number[], number[]][]} lines beside the reading: not kept with it */
    this.lines = [];
    this.lining = false;
    /** @type {?import('./core/proposal.js').Proposal} what the image proposes and nobody has taken */
    this.proposal = null;
    /** Whether nothing was proposed because the film does not look like a lateral one of a spine. */
    this.refused = false;
    /** @type {Set<string>} proposed corners that were taken hold of, by pointer or keyboard */
    this.seen = new Set();
    /** @type {?{from: ?string, levels: string[], level: string}} the body whose middle is asked for */
    this.where = null;
    this.live = new Live(api, this.id);
    this.saver = new Saver(api, this.id, slotOf(config, facts), stored.etag ?? null, (reading) => this.dressed(reading));
    this.history.subscribe((reading, why) => this.changed(reading, why));
    this.live.on('answer', () => this.emit('measured'));
    this.saver.on('state', () => this.emit('save'));
    this.saver.on('conflict', (theirs) => this.emit('conflict', theirs));
    this.recovered = this.recover();
    this.live.ask(this.reading);
  }

  get reading() {
    return this.history.document;
  }

  get facing() {
    return facingOf(this.reading, this.facts.facing ?? null);
  }

  /** @returns {import('./core/plan.js').Want[]} */
  get queue() {
    return this.reading.draft?.queue ?? [];
  }

  /** The corner asked for now, or null when not armed or nothing is left. @returns {?CornerRef} */
  get target() {
    return this.armed && !this.where && !this.lining ? nextTarget(this.reading, this.queue) : null;
  }

  /** True if the reading on the screen is the confirmed one. */
  get isConfirmed() {
    return this.confirmed !== null && this.history.saved === this.confirmed;
  }

  /** @param {Reading} reading */
  dressed(reading) {
    return { ...reading, draft: { ...reading.draft, armed: this.armed } };
  }

  /** @param {Reading} reading @param {string} why */
  changed(reading, why) {
    if (this.selected && !markOf(reading, refOf(this.selected))) this.selected = null;
    this.live.ask(reading);
    if (why !== 'preview' && why !== 'cancel') this.saver.schedule(this.history.saved);
    this.emit('reading', why);
  }

  /** Work that this browser kept because the server never got it. @returns {boolean} */
  recover() {
    const kept = backup.read(this.saver.slot);
    if (!kept?.document) return false;
    const document = normalised(kept.document);
    const mine = JSON.stringify({ ...document, draft: null });
    if (mine === JSON.stringify({ ...this.history.saved, draft: null })) {
      backup.drop(this.saver.slot);
      return false;
    }
    this.armed = Boolean(document.draft?.armed);
    if (kept.base !== this.saver.base) this.saver.base = kept.base;
    this.history.commit(document, 'recover');
    return true;
  }

  /** How the film was read, for the record of a confirmed reading. */
  log() {
    const seconds = Math.round((performance.now() - this.opened) / 100) / 10;
    const proposed = cornersOf(this.reading).filter((c) => PROPOSED.has(c.mark.source ?? '')).map((c) => c.key);
    const agreed = new Set(this.reading.draft?.accepted ?? []);
    const seen = proposed.filter((key) => this.seen.has(key) || agreed.has(key));
    const details = { steps: this.history.past.length, proposed, looked_at: seen, ...this.proposalLog() };
    return { seconds, ...this.looks(), details };
  }

  /** What was proposed without a click: where, how doubtful, how far its levels were moved. */
  proposalLog() {
    const taken = this.reading.draft?.proposed;
    if (!this.proposal && !taken) return this.refused ? { proposal: { refused: true } } : {};
    const { sure, moved, doubts } = this.proposal ?? {};
    return { proposal: { taken: taken ?? {}, sure, levels_moved: moved, doubts } };
  }

  /** @param {Session['proposal']} proposal */
  propose(proposal) {
    this.proposal = proposal;
    this.emit('proposal');
    this.emit('target');
  }

  /** Proposed endplates that are not marked. */
  get offers() {
    return this.proposal && !this.isConfirmed ? untaken(this.proposal, this.reading) : [];
  }

  /** @param {boolean} armed */
  arm(armed) {
    if (this.armed === armed) return;
    this.armed = armed;
    this.emit('target');
  }

  /** Draw lines, or no more. @param {boolean} lining */
  drawLines(lining) {
    this.lining = lining;
    this.emit('target');
    this.emit('lines');
  }

  /** @param {[number[], number[]][]} lines */
  setLines(lines) {
    this.lines = lines;
    this.emit('lines');
  }

  /** Ask for the middle of a body, or no more. @param {Session['where']} where */
  askWhere(where) {
    if (this.where === where) return;
    this.where = where;
    this.emit('target');
  }

  /** @param {?string} key */
  select(key) {
    if (this.selected === key) return;
    this.selected = key;
    if (key && PROPOSED.has(markOf(this.reading, refOf(key))?.source ?? '')) this.seen.add(key);
    this.emit('selection', key);
  }

  /** @param {string} text @param {'info'|'warning'|'error'} [tone] */
  say(text, tone = 'info') {
    this.emit('message', { text, tone });
  }

  dispose() {
    this.saver.flush({ leaving: true });
    this.saver.dispose();
  }
}

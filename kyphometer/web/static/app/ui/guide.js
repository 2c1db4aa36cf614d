/**
 * What to do next, over the film: choose the fractured level, then the corner asked for.
 * @typedef {import('../session.js').Session} Session
 */
import * as actions from '../actions.js';
import { LEVELS } from '../core/anatomy.js';
import { cornersOf } from '../core/document.js';
import { progress } from '../core/plan.js';
import { confident } from '../core/proposal.js';
import { endplateName, t } from '../i18n.js';
import { storePrefs } from '../prefs.js';
import { percentOf } from '../view/others.js';
import { h, refill, whenChanged } from './dom.js';
import { icon } from './icons.js';

const COMMON = ['T8', 'T9', 'T10', 'T11', 'T12', 'L1', 'L2', 'L3', 'L4'];
const PLANS = ['angles', 'whole', 'six'];

export class Guide {
  /** @param {Object<string, any>} commands */
  constructor(commands) {
    this.commands = commands;
    this.root = h('div', { class: 'guide', role: 'region', 'aria-label': t('guide.title') });
    this.choosing = false;
    this.more = false;
    this.several = false;
    /** @type {?Session} */
    this.session = null;
    this.draw = whenChanged((model) => this.fill(model));
  }

  /** @param {Session} session */
  open(session) {
    this.session = session;
    this.choosing = session.reading.fractured_levels.length === 0 && session.queue.length === 0;
    this.more = offeredLevels(session).some((level) => !COMMON.includes(level));
    this.several = session.reading.fractured_levels.length > 1;
    session.on('carried', () => {
      this.choosing = session.reading.fractured_levels.length === 0;
      this.update();
    });
    for (const name of ['reading', 'target', 'confirmed', 'proposal']) session.on(name, () => this.update());
    this.update();
  }

  update() {
    const { session } = this;
    if (!session) return;
    const { target, reading } = session;
    this.draw({
      choosing: this.choosing,
      more: this.more,
      several: this.several,
      fractured: reading.fractured_levels,
      plan: session.prefs.plan,
      target,
      count: target ? progress(reading, session.queue) : null,
      marked: cornersOf(reading).length > 0,
      where: session.where,
      proposed: session.offers.length > 0 ? this.offered(session) : null,
      left: !session.armed && session.queue.length > 0 && this.hasLeft(),
    });
  }

  /** What is proposed and not taken. @param {Session} session */
  offered(session) {
    const { target, reading, offers, queue } = session;
    const proposal = /** @type {import('../core/proposal.js').Proposal} */ (session.proposal);
    const shown = target ? [target.level] : [...new Set(offers.map((one) => one.level))].filter((level) => !proposal.likely.includes(level));
    return {
      sure: proposal.sure,
      fractures: proposal.fractures,
      metal: proposal.metal,
      count: confident(proposal, reading, queue).length,
      here: offers.some((one) => one.level === target?.level && one.endplate === target?.endplate),
      doubts: shown.filter((level) => level in proposal.doubts).map((level) => `${level}\u00a0${percentOf(session, level)}\u00a0%`),
    };
  }

  hasLeft() {
    const session = /** @type {Session} */ (this.session);
    const { done, total } = progress(session.reading, session.queue);
    return done < total;
  }

  /** @param {any} model */
  fill(model) {
    this.root.classList.toggle('choosing', model.choosing && !model.where);
    if (model.where) refill(this.root, this.whereabouts(model.where));
    else if (model.choosing) refill(this.root, this.chooser(model));
    else if (model.target) refill(this.root, this.prompt(model));
    else if (model.left) refill(this.root, this.resume());
    else refill(this.root, model.proposed && !model.marked ? this.proposed(model.proposed) : null);
  }

  /** What the image proposes, and the buttons that take it.
   * @param {{sure: boolean, fractures: string[], metal: string[], count: number, here: boolean, doubts: string[]}} proposed */
  proposed({ sure, fractures, metal, count, here, doubts }) {
    const { commands } = this;
    const likely = fractures.length > 0 ? t('proposal.fractured', { levels: fractures.join(', ') }) : null;
    const held = metal.length > 0 ? t('proposal.metal', { levels: metal.join(', ') }) : null;
    return h('div', { class: 'proposed', 'data-proposed': count },
      h('p', { class: 'hint' }, t(sure ? 'proposal.sure' : 'proposal.unsure'), ' ', likely, likely && held ? ' ' : null, held),
      doubts.length > 0 ? h('p', { class: 'hint doubts' }, t('proposal.doubts', { levels: doubts.join(', ') })) : null,
      count > 0 ? h('button', { type: 'button', class: 'button small primary', 'data-focus': 'take-all', onclick: () => commands.takeAll.run() }, t('proposal.take', { count })) : null,
      here ? h('button', { type: 'button', class: 'button small', 'data-focus': 'take-one', onclick: () => commands.takeOne.run() }, t('proposal.takeOne')) : null);
  }

  /** Whether bodies are proposed as films open. */
  proposeChoice() {
    const session = /** @type {Session} */ (this.session);
    if (this.commands.propose.offered === false) return null;
    const box = h('input', { type: 'checkbox', id: 'propose-open', 'data-focus': 'propose-open', checked: session.prefs.propose });
    box.addEventListener('change', () => {
      session.prefs.propose = box.checked;
      storePrefs(session.prefs);
      if (box.checked && !session.proposal) actions.propose(session);
    });
    return h('div', { class: 'check hint' }, box, h('label', { for: 'propose-open' }, t('proposal.opens')));
  }

  /** @param {any} model */
  chooser(model) {
    const levels = this.more ? LEVELS.filter((level) => level !== 'C1') : COMMON;
    const session = /** @type {Session} */ (this.session);
    const chosen = new Set(model.fractured);
    const offered = offeredLevels(session);
    const buttons = levels.map((level) =>
      h(
        'button',
        {
          type: 'button',
          class: 'level',
          'data-focus': `level-${level}`,
          'data-level': level,
          'aria-pressed': String(chosen.has(level)),
          'data-offered': offered.includes(level),
          onclick: (/** @type {MouseEvent} */ event) => this.choose(level, event.shiftKey || this.several),
        },
        level,
      ),
    );
    const more = h(
      'button',
      { type: 'button', class: 'level more', 'data-focus': 'level-more', 'aria-expanded': String(this.more), onclick: () => this.toggleMore() },
      this.more ? t('level.fewer') : t('level.more'),
    );
    return h('div', { class: 'chooser' },
      h('p', { class: 'ask', id: 'ask-level' }, t('level.ask')),
      h('div', { class: 'levels', role: 'group', 'aria-labelledby': 'ask-level' }, buttons, more),
      this.severalChoice(chosen.size > 0),
      this.planChoice(model.plan),
      this.proposeChoice(),
      model.proposed ? this.proposed(model.proposed) : null,
    );
  }

  /** Several levels without a keyboard: each click adds or takes away, a button begins.
   * @param {boolean} any */
  severalChoice(any) {
    const box = h('input', { type: 'checkbox', id: 'several', 'data-focus': 'several', checked: this.several });
    box.addEventListener('change', () => {
      this.several = box.checked;
      this.update();
    });
    const begin = h('button', { type: 'button', class: 'button small primary', 'data-focus': 'level-begin', disabled: !any, onclick: () => this.begin() }, t('level.begin'));
    return h('div', { class: 'check hint' }, box, h('label', { for: 'several' }, t('level.several')), this.several ? begin : null);
  }

  begin() {
    this.choosing = false;
    this.update();
    this.commands.crosshair.run();
  }

  /** How much is asked for around the fracture. @param {string} plan */
  planChoice(plan) {
    const session = /** @type {Session} */ (this.session);
    const select = h('select', { id: 'plan', 'data-focus': 'plan' },
      PLANS.map((key) => h('option', { value: key, selected: key === plan }, t(`plan.${key}`))));
    select.addEventListener('change', () => {
      session.prefs.plan = select.value;
      storePrefs(session.prefs);
      if (session.reading.fractured_levels.length > 0) actions.chooseFractured(session, session.reading.fractured_levels);
      this.update();
    });
    return h('div', { class: 'plan' }, h('label', { for: 'plan', class: 'hint' }, t('plan.label')), select);
  }

  toggleMore() {
    this.more = !this.more;
    this.update();
  }

  /** One click chooses; Shift, or the tick for several, adds a level or takes it away. @param {string} level
   * @param {boolean} add */
  choose(level, add) {
    const session = /** @type {Session} */ (this.session);
    const before = session.reading.fractured_levels;
    const others = before.filter((name) => name !== level);
    const levels = add ? (before.includes(level) ? others : [...before, level]) : [level];
    this.choosing = levels.length === 0 || this.several;
    actions.chooseFractured(session, levels);
    this.update();
    if (!this.choosing) this.commands.crosshair.run();
  }

  /** @param {any} model */
  prompt(model) {
    const { target, count } = model;
    const plate = h('span', { class: 'where' }, endplateName(target.level, target.endplate));
    const corner = h('span', { class: 'what' }, t(`prompt.${target.corner}`));
    const { commands } = this;
    return h('div', { class: 'prompt' },
      h('span', { class: 'target-dot', 'aria-hidden': 'true' }),
      h('p', { class: 'ask', 'data-target': `${target.level}.${target.endplate}.${target.corner}` }, plate, corner),
      h('span', { class: 'count' }, t('prompt.count', { done: count.done + 1, total: count.total })),
      small('ban', t('command.notMeasurable'), () => commands.notMeasurable.run(), 'ban'),
      small('close', t('prompt.stop'), () => commands.arm.run(), 'stop'),
      model.proposed ? this.proposed(model.proposed) : null,
    );
  }

  /** Which body's middle to click, so that the marks of the visit before can be carried over.
   * @param {{from: ?string, levels: string[], level: string}} where */
  whereabouts(where) {
    const session = /** @type {Session} */ (this.session);
    const select = h('select', { id: 'where-level', 'data-focus': 'where-level', 'aria-label': t('where.level') },
      where.levels.map((level) => h('option', { value: level, selected: level === where.level }, level)));
    select.addEventListener('change', () => session.askWhere({ ...where, level: select.value }));
    return h('div', { class: 'prompt' },
      h('span', { class: 'target-dot', 'aria-hidden': 'true' }),
      h('p', { class: 'ask', 'data-where': where.level }, h('span', { class: 'what' }, t('where.ask'))),
      select,
      small('close', t('where.stop'), () => session.askWhere(null), 'where-stop'),
    );
  }

  resume() {
    return h(
      'button',
      { type: 'button', class: 'button resume', 'data-focus': 'resume', onclick: () => this.commands.arm.run() },
      t('prompt.resume'),
      h('kbd', {}, 'A'),
    );
  }

  /** Open the choice of levels and put the focus there. */
  chooseLevel() {
    this.choosing = !this.choosing || this.session?.reading.fractured_levels.length === 0;
    this.update();
    const chosen = this.root.querySelector('.level[aria-pressed=true]');
    const offered = this.root.querySelector('.level[data-offered]');
    const first = chosen ?? offered ?? this.root.querySelector('[data-level=L1]') ?? this.root.querySelector('.level');
    if (first instanceof HTMLElement) first.focus();
  }

  /** @returns {boolean} true if it was open and could be closed */
  dismiss() {
    if (!this.choosing || this.session?.reading.fractured_levels.length === 0) return false;
    this.choosing = false;
    this.update();
    return true;
  }
}

/** Levels that the study, or an earlier visit, says are fractured. @param {Session} session
 * @returns {string[]} */
function offeredLevels(session) {
  const { fractured_level: one } = session.config;
  return session.facts.fractured_levels ?? (one ? [one] : []);
}

/** @param {string} name @param {string} label @param {() => void} run @param {string} focus */
function small(name, label, run, focus) {
  return h('button', { type: 'button', class: 'tool', title: label, 'aria-label': label, 'data-focus': focus, onclick: run }, icon(name));
}

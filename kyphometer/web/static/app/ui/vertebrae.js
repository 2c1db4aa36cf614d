/**
 * The marked vertebrae, cranial to caudal: relabel, take away, state as not measurable.
 * @typedef {import('../session.js').Session} Session
 */
import * as actions from '../actions.js';
import { byLevel, LEVELS, sidesOf } from '../core/anatomy.js';
import { cornersOf, endplateOf, isComplete } from '../core/document.js';
import { forwardOf } from '../core/preview.js';
import { directionOf, onScreen } from '../core/turn.js';
import { endplateName, t } from '../i18n.js';
import { h, refill, whenChanged } from './dom.js';
import { icon } from './icons.js';

const ARROWS = { left: '◀', right: '▶', up: '▲', down: '▼' };
const ASSISTED = new Set(['refined', 'carried', 'detected']);

export class Vertebrae {
  /** @param {Object<string, any>} commands @param {(key: string) => void} goTo */
  constructor(commands, goTo) {
    this.commands = commands;
    this.goTo = goTo;
    this.root = h('section', { class: 'card vertebrae', 'aria-labelledby': 'marks-title' });
    this.draw = whenChanged((model) => this.fill(model));
  }

  /** @param {Session} session */
  open(session) {
    this.session = session;
    for (const name of ['reading', 'target', 'confirmed', 'turn']) session.on(name, () => this.update());
    this.update();
  }

  update() {
    const session = /** @type {Session} */ (this.session);
    if (session.history.shown) return;
    const { reading, queue, target } = session;
    const named = new Set([...Object.keys(reading.vertebrae), ...queue.map((w) => w.level)]);
    for (const entry of reading.not_measurable) named.add(entry.level);
    const open = cornersOf(reading).filter((c) => ASSISTED.has(c.mark.source ?? ''));
    const accepted = new Set(reading.draft?.accepted ?? []);
    const forward = forwardOf(reading, session.facing);
    this.draw({
      levels: [...named].sort(byLevel).map((level) => this.levelModel(level)),
      fractured: reading.fractured_levels,
      facing: session.facing,
      anterior: forward && directionOf(onScreen(session.turn, forward)),
      target: target ? `${target.level}.${target.endplate}` : null,
      proposed: session.isConfirmed ? 0 : open.filter((c) => !accepted.has(c.key)).length,
    });
  }

  /** @param {string} level */
  levelModel(level) {
    const { reading, queue } = /** @type {Session} */ (this.session);
    const sides = sidesOf(level).map((side) => {
      const plate = endplateOf(reading, level, side);
      const reason = reading.not_measurable.find((n) => n.level === level && n.endplate === side);
      const wanted = queue.some((w) => w.level === level && w.endplate === side);
      const first = plate?.anterior ? 'anterior' : plate?.posterior ? 'posterior' : null;
      return {
        side,
        state: reason ? 'refused' : isComplete(plate) ? 'done' : plate ? 'half' : wanted ? 'wanted' : 'none',
        reason: reason?.reason ?? '',
        key: first ? `${level}.${side}.${first}` : null,
      };
    });
    return { level, sides, marked: Boolean(reading.vertebrae[level]) };
  }

  /** @param {any} model */
  fill(model) {
    const run = (/** @type {string} */ name) => () => this.commands[name].run();
    const facing = model.anterior ? t(`facing.${model.anterior}`) : t('facing.unknown');
    const arrow = model.anterior ? ARROWS[/** @type {'left'} */ (model.anterior)] : '?';
    refill(this.root,
      h('div', { class: 'card-head' },
        h('h2', { id: 'marks-title' }, t('marks.title')),
        tool('up', t('command.shiftUp'), '[', run('shiftUp')),
        tool('down', t('command.shiftDown'), ']', run('shiftDown')),
      ),
      h('p', { class: 'facing' },
        h('span', { class: 'facing-arrow', 'aria-hidden': 'true' }, arrow),
        h('span', { 'data-facing': model.facing ?? '' }, t('facing.line', { side: facing })),
        tool('flip', t('command.flipFacing'), 'G', run('flipFacing')),
      ),
      model.levels.length
        ? h('ul', { class: 'levels-list' }, model.levels.map((/** @type {any} */ m) => this.row(m, model)))
        : h('p', { class: 'quiet' }, t('marks.empty')),
      model.proposed ? h('p', { class: 'note' }, t('marks.proposed', { count: model.proposed })) : null,
      h('div', { class: 'row-buttons' },
        h('button', { type: 'button', class: 'button small', 'data-focus': 'fracture', onclick: run('chooseLevel') }, model.fractured.length ? t('level.change') : t('level.choose')),
        h('button', { type: 'button', class: 'button small', 'data-focus': 'another', onclick: run('anotherVertebra') }, t('another.button')),
      ),
    );
  }

  /** @param {any} m @param {any} model */
  row(m, model) {
    const session = /** @type {Session} */ (this.session);
    const fractured = model.fractured.includes(m.level);
    const names = LEVELS.filter((level) => level !== 'C1');
    const select = h('select', {
      class: 'relabel',
      'aria-label': t('relabel.label', { level: m.level }),
      'data-focus': `relabel-${m.level}`,
      disabled: !m.marked,
    }, names.map((level) => h('option', { value: level, selected: level === m.level }, level)));
    select.addEventListener('change', () => {
      if (!actions.relabel(session, m.level, select.value)) select.value = m.level;
    });
    return h('li', { class: fractured ? 'fractured' : '' },
      select,
      fractured ? h('span', { class: 'badge' }, t('fractured')) : null,
      h('span', { class: 'sides' }, m.sides.map((/** @type {any} */ side) => this.side(m, side, model))),
      m.marked
        ? tool('remove', t('marks.remove', { level: m.level }), '', () => actions.removeVertebra(session, m.level), `remove-${m.level}`)
        : null,
    );
  }

  /** @param {any} m @param {any} side @param {any} model */
  side(m, side, model) {
    const session = /** @type {Session} */ (this.session);
    const state = side.state === 'refused' ? t('state.refused', { reason: side.reason }) : t(`state.${side.state}`);
    const label = `${endplateName(m.level, side.side)}: ${state}`;
    const symbol = { done: '●', half: '◐', refused: '⊘', wanted: '○', none: '·' }[/** @type {'done'} */ (side.state)];
    const press = () => {
      if (side.key) this.goTo(side.key);
      else if (side.state === 'refused') actions.notMeasurable(session, m.level, side.side, null);
    };
    const now = model.target === `${m.level}.${side.side}` ? ' now' : '';
    return h('button', {
      type: 'button',
      class: `side ${side.state}${now}`,
      title: label,
      'aria-label': label,
      'data-focus': `side-${m.level}-${side.side}`,
      onclick: press,
    }, h('span', { 'aria-hidden': 'true' }, `${t(`side.${side.side}.short`)} ${symbol}`));
  }
}

/** @param {string} name @param {string} label @param {string} key @param {() => void} run
 * @param {string} [focus] */
function tool(name, label, key, run, focus = name) {
  const title = key ? `${label} (${key})` : label;
  return h('button', { type: 'button', class: 'tool', title, 'aria-label': label, 'data-focus': focus, onclick: run }, icon(name));
}

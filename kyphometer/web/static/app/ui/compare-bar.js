/**
 * Over the films while two visits are compared: which is which, how they are laid out, and the
 * divider of the swipe.
 * @typedef {import('../reader/compare.js').Compare} Compare
 */
import { number, t } from '../i18n.js';
import { filmName, orderOf } from '../reader/beside.js';
import { h, refill } from './dom.js';
import { icon } from './icons.js';

const MODES = /** @type {const} */ (['side', 'swipe', 'flicker']);
const ICONS = { side: 'compare', swipe: 'swipe', flicker: 'flicker' };

export class CompareBar {
  /** @param {Compare} compare @param {Object<string, any>} commands @param {() => void} close */
  constructor(compare, commands, close) {
    this.compare = compare;
    this.commands = commands;
    this.close = close;
    this.root = h('div', { class: 'compare-bar', role: 'group', 'aria-label': t('compare.title'), hidden: true });
    this.here = h('p', { class: 'caption', hidden: true });
    this.handle = h('div', { class: 'swipe-handle', role: 'slider', tabindex: 0, 'aria-label': t('compare.divider'), 'aria-valuemin': 0, 'aria-valuemax': 100, hidden: true });
    this.handle.addEventListener('pointerdown', (/** @type {PointerEvent} */ event) => this.grab(event));
    this.handle.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => this.key(event));
  }

  update() {
    const { compare, root, handle } = this;
    this.here.hidden = compare.mode !== 'side';
    this.here.textContent = t('compare.here', { name: filmName(compare.stage.session?.facts) });
    const wrap = this.root.parentElement;
    if (wrap && compare.stage.session) wrap.style.order = String(orderOf(compare.stage.session.facts));
    const facts = compare.other?.film.facts;
    root.hidden = !compare.isOpen;
    handle.hidden = compare.mode !== 'swipe';
    handle.style.left = `${compare.split * 100}%`;
    handle.setAttribute('aria-valuenow', String(Math.round(compare.split * 100)));
    handle.setAttribute('aria-valuetext', `${number(compare.split * 100, 0)} %`);
    if (!compare.isOpen || !facts) return;
    const name = filmName(facts);
    const shown = compare.mode === 'swipe' ? t('compare.right', { name }) : compare.flickered ? t('compare.shown', { name }) : t('compare.this');
    refill(root,
      MODES.map((mode) => this.button(mode)),
      compare.mode === 'side' ? this.link() : h('span', { class: 'shown', role: 'status' }, shown),
      h('button', { type: 'button', class: 'tool', 'data-focus': 'compare-close', title: t('compare.close'), 'aria-label': t('compare.close'), onclick: this.close }, icon('close')),
    );
  }

  /** @param {'side'|'swipe'|'flicker'} mode */
  button(mode) {
    const label = t(`compare.${mode}`);
    const press = () => {
      if (this.compare.mode === mode && mode === 'flicker') this.compare.flick();
      else this.compare.setMode(mode);
    };
    return h('button', { type: 'button', class: 'tool', 'data-focus': `compare-${mode}`, title: label, 'aria-label': label, 'aria-pressed': String(this.compare.mode === mode), onclick: press }, icon(ICONS[mode]), h('span', { class: 'word' }, label));
  }

  link() {
    const label = t('command.link');
    return h('button', { type: 'button', class: 'tool', 'data-focus': 'compare-link', title: `${label} (K)`, 'aria-label': label, 'aria-pressed': String(this.compare.linked), onclick: () => this.commands.link.run() }, icon('link'));
  }

  /** @param {PointerEvent} event */
  grab(event) {
    event.preventDefault();
    const { handle, compare } = this;
    handle.focus();
    handle.setPointerCapture(event.pointerId);
    const box = handle.parentElement.getBoundingClientRect();
    const move = (/** @type {PointerEvent} */ now) => compare.setSplit((now.clientX - box.left) / box.width);
    const stop = () => {
      handle.removeEventListener('pointermove', move);
      handle.removeEventListener('lostpointercapture', stop);
    };
    handle.addEventListener('pointermove', move);
    handle.addEventListener('lostpointercapture', stop);
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const step = { ArrowLeft: -0.02, ArrowDown: -0.02, ArrowRight: 0.02, ArrowUp: 0.02, PageUp: 0.1, PageDown: -0.1, Home: -1, End: 1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    this.compare.setSplit(this.compare.split + step);
  }
}

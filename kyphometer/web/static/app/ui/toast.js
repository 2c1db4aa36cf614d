/** Short messages that go by themselves, and a quiet voice for screen readers. */
import { h } from './dom.js';
import { icon } from './icons.js';

export class Toasts {
  constructor() {
    this.root = h('div', { class: 'toasts', role: 'status', 'aria-live': 'polite' });
    this.voice = h('div', { class: 'unseen', role: 'status', 'aria-live': 'polite', 'data-voice': true });
    this.speaking = 0;
  }

  /** @param {{text: string, tone: 'info'|'warning'|'error'}} message */
  show({ text, tone }) {
    const same = [...this.root.children].find((one) => one.textContent === text);
    same?.remove(); // said again: shown once, for as long again
    const symbol = tone === 'info' ? null : icon(tone);
    const note = h('div', { class: `toast ${tone}` }, symbol, h('span', {}, text));
    this.root.append(note);
    while (this.root.childElementCount > 3) this.root.firstElementChild?.remove();
    setTimeout(() => note.remove(), tone === 'info' ? 2600 : 8000);
  }

  /** Say something when there has been quiet for a while, so that a drag is not read out.
   * @param {string} text */
  announce(text) {
    clearTimeout(this.speaking);
    this.speaking = window.setTimeout(() => {
      if (this.voice.textContent !== text) this.voice.textContent = text;
    }, 700);
  }
}

/**
 * Films handed in: dropped on the work list or chosen, files, folders and archives; sent in parts, one file
 * after the other, with what became of each.
 * @typedef {{name: string, file: File}} Given a file with the folders that it came in
 */
import { number, plural, t } from '../i18n.js';
import { h } from './dom.js';

const PART = 1_500_000;

/** Everything that was dropped, folders gone through. @param {DataTransfer} dropped
 * @returns {Promise<Given[]>} */
export async function givenBy(dropped) {
  const entries = [...dropped.items].map((item) => item.webkitGetAsEntry?.() ?? null);
  const plain = [...dropped.files];
  /** @type {Given[]} */
  const given = [];
  for (const [i, entry] of entries.entries()) {
    if (entry) await collect(entry, '', given);
    else if (plain[i]) given.push({ name: plain[i].name, file: plain[i] });
  }
  return given;
}

/** @param {any} entry @param {string} folder @param {Given[]} given */
async function collect(entry, folder, given) {
  const name = `${folder}${entry.name}`;
  if (entry.isFile) {
    given.push({ name, file: await new Promise((done, fail) => entry.file(done, fail)) });
    return;
  }
  const reader = entry.createReader();
  for (;;) {
    /** @type {any[]} a reader gives a hundred at a time */
    const some = await new Promise((done, fail) => reader.readEntries(done, fail));
    if (some.length === 0) return;
    for (const one of some) await collect(one, `${name}/`, given);
  }
}

export class IncomingDialog {
  /** @param {import('../api.js').Api} api @param {() => void} arrived films are there */
  constructor(api, arrived) {
    this.api = api;
    this.arrived = arrived;
    this.counts = { added: 0, known: 0, refused: 0 };
    this.stopped = false;
    this.done = 0;
    this.total = 0;
    this.bar = h('progress', { max: 1, value: 0, 'aria-label': t('incoming.progress'), hidden: true });
    this.state = h('p', { role: 'status', class: 'incoming-state' });
    this.list = h('ul', { class: 'incoming-list' });
    this.close = h('button', { type: 'button', class: 'button primary', onclick: () => this.dialog.close() }, t('close'));
    this.dialog = h('dialog', { class: 'dialog incoming', 'aria-labelledby': 'incoming-title' },
      h('h2', { id: 'incoming-title' }, t('incoming.title')),
      h('p', {}, t('incoming.text')),
      h('div', { class: 'row-buttons' }, this.chooser('incoming.files', false), this.chooser('incoming.folder', true)),
      this.bar, this.state, this.list,
      h('div', { class: 'dialog-buttons' }, this.close));
    this.dialog.addEventListener('close', () => {
      this.stopped = true;
      this.dialog.remove();
    });
  }

  /** @param {string} words @param {boolean} folder */
  chooser(words, folder) {
    const input = h('input', { type: 'file', multiple: true, hidden: true, webkitdirectory: folder, 'data-incoming': folder ? 'folder' : 'files', 'aria-label': t(words) });
    input.addEventListener('change', () => {
      this.take([...input.files].map((file) => ({ name: file.webkitRelativePath || file.name, file })));
      input.value = '';
    });
    return h('span', {}, input, h('button', { type: 'button', class: 'button', onclick: () => input.click() }, t(words)));
  }

  /** @param {Given[]} [given] */
  open(given = []) {
    document.body.append(this.dialog);
    this.dialog.showModal();
    if (given.length > 0) this.take(given);
  }

  /** @param {Given[]} given */
  async take(given) {
    this.total += given.reduce((sum, one) => sum + one.file.size, 0);
    this.bar.hidden = false;
    for (const one of given) {
      if (this.stopped) return;
      this.state.textContent = t('incoming.sending', { name: one.name });
      try {
        await this.send(one);
      } catch (error) {
        this.refuse(one.name, error instanceof Error ? error.message : String(error));
      }
    }
    this.tell();
    this.arrived();
  }

  /** @param {Given} given */
  async send({ name, file }) {
    const upload = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
    let at = 0;
    const before = this.done;
    do {
      const part = file.slice(at, at + PART);
      const answer = await this.api.handIn({ upload, name, at, size: file.size }, part);
      at += part.size;
      this.done += part.size;
      this.bar.value = this.total ? this.done / this.total : 1;
      if (answer.done) {
        this.took(answer);
        break;
      }
    } while (at < file.size && !this.stopped);
    this.done = before + file.size;
  }

  /** @param {Wire.Incoming} answer */
  took(answer) {
    this.counts.added += answer.added;
    this.counts.known += answer.known;
    for (const { name, sentence } of answer.refused) this.refuse(name, sentence);
    for (const { name, sentence } of answer.notes) this.say(name, sentence, 'note');
  }

  /** @param {string} name @param {string} sentence */
  refuse(name, sentence) {
    this.counts.refused += 1;
    this.say(name, sentence, 'refused');
  }

  /** @param {string} name @param {string} sentence @param {string} kind */
  say(name, sentence, kind) {
    this.list.append(h('li', { class: kind }, h('b', {}, name), ` ${sentence}`));
  }

  /** What became of all of it. */
  tell() {
    const { added, known, refused } = this.counts;
    this.bar.value = 1;
    this.state.dataset.done = 'true';
    this.state.textContent = [
      plural('incoming.added', added),
      known ? t('incoming.known', { count: number(known, 0) }) : '',
      refused ? t('incoming.refused', { count: number(refused, 0) }) : '',
    ].filter(Boolean).join(' · ');
  }
}

/** Films can be dropped anywhere on the work list. @param {HTMLElement} root
 * @param {(given: Given[]) => void} taken @param {AbortSignal} signal */
export function dropFilms(root, taken, signal) {
  const veil = h('div', { class: 'drop-veil', hidden: true }, h('p', {}, t('incoming.drop')));
  root.append(veil);
  const hasFiles = (/** @type {DragEvent} */ event) => Boolean(event.dataTransfer?.types.includes('Files'));
  addEventListener('dragover', (event) => {
    if (!hasFiles(event) || document.querySelector('dialog[open]')) return;
    event.preventDefault();
    veil.hidden = false;
  }, { signal });
  addEventListener('dragleave', (event) => {
    if (event.relatedTarget === null) veil.hidden = true;
  }, { signal });
  addEventListener('drop', async (event) => {
    veil.hidden = true;
    if (!hasFiles(event) || document.querySelector('dialog[open]')) return;
    event.preventDefault();
    const given = await givenBy(/** @type {DataTransfer} */ (event.dataTransfer));
    if (given.length > 0) taken(given);
  }, { signal });
}

/**
 * Undo and redo without limit. A drag is one step: `preview` shows a document without keeping it,
 * `commit` makes one step of whatever was previewed, `cancel` drops it.
 * @template T
 */
export class History {
  /** @param {T} document */
  constructor(document) {
    /** @type {{document: T, label: string}[]} */
    this.past = [];
    /** @type {{document: T, label: string}[]} */
    this.future = [];
    this.saved = document;
    /** @type {?T} */
    this.shown = null;
    /** @type {Set<(document: T, why: string) => void>} */
    this.listeners = new Set();
  }

  /** The document to show: the previewed one during a drag. @returns {T} */
  get document() {
    return this.shown ?? this.saved;
  }

  get canUndo() {
    return this.past.length > 0;
  }

  get canRedo() {
    return this.future.length > 0;
  }

  /** @param {(document: T, why: string) => void} listener */
  subscribe(listener) {
    this.listeners.add(listener);
  }

  /** @param {string} why */
  notify(why) {
    for (const listener of this.listeners) listener(this.document, why);
  }

  /** @param {T} document */
  preview(document) {
    this.shown = document;
    this.notify('preview');
  }

  cancel() {
    if (this.shown === null) return;
    this.shown = null;
    this.notify('cancel');
  }

  /** @param {T} document @param {string} label name of the step */
  commit(document, label) {
    this.shown = null;
    if (document !== this.saved) {
      this.past.push({ document: this.saved, label });
      this.future = [];
      this.saved = document;
    }
    this.notify('commit');
  }

  /** Change what is no step of its own (the queue, the armed state). @param {T} document */
  amend(document) {
    this.saved = document;
    this.notify('amend');
  }

  /** @returns {?string} label of the undone step */
  undo() {
    if (this.shown !== null) {
      this.cancel();
      return null;
    }
    const step = this.past.pop();
    if (!step) return null;
    this.future.push({ document: this.saved, label: step.label });
    this.saved = step.document;
    this.notify('undo');
    return step.label;
  }

  /** @returns {?string} label of the redone step */
  redo() {
    const step = this.future.pop();
    if (!step || this.shown !== null) return null;
    this.past.push({ document: this.saved, label: step.label });
    this.saved = step.document;
    this.notify('redo');
    return step.label;
  }
}

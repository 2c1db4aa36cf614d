/** Who listens to what, by name. */
export class Emitter {
  constructor() {
    /** @type {Map<string, Set<(detail: any) => void>>} */
    this.heard = new Map();
  }

  /** @param {string} name @param {(detail: any) => void} listener @returns {() => void} stop */
  on(name, listener) {
    if (!this.heard.has(name)) this.heard.set(name, new Set());
    /** @type {Set<any>} */ (this.heard.get(name)).add(listener);
    return () => this.heard.get(name)?.delete(listener);
  }

  /** @param {string} name @param {any} [detail] */
  emit(name, detail) {
    for (const listener of this.heard.get(name) ?? []) listener(detail);
  }
}

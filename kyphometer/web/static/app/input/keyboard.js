/**
 * The keyboard: shortcuts, nudging a corner, and the crosshair that places corners without a mouse.
 * @typedef {import('../reader/stage.js').Stage} Stage
 * @typedef {import('../core/geometry.js').Point} Point
 */
import * as actions from '../actions.js';
import { clamp } from '../core/geometry.js';
import { keyOf, markOf, refOf } from '../core/document.js';
import { onFilm } from '../core/turn.js';
import { panned } from '../view/viewport.js';
import { finishPlacing } from './gestures.js';
import { comboOf, shortcutFor } from './shortcuts.js';

const ARROWS = /** @type {Object<string, Point>} */ ({
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
});
const TYPING = 'input:not([type=checkbox]):not([type=radio]):not([type=range]), textarea, select';

export class KeyboardInput {
  /** @param {Stage} stage @param {Object<string, {run: () => void, enabled?: () => boolean}>} commands
   * @param {import('./pointer.js').PointerInput} pointer
   * @param {() => import('./shortcuts.js').OwnKeys} own keys that the reader has chosen */
  constructor(stage, commands, pointer, own = () => ({})) {
    this.own = own;
    this.stage = stage;
    this.commands = commands;
    this.pointer = pointer;
    this.stopper = new AbortController();
    const { signal } = this.stopper;
    addEventListener('keydown', (event) => this.down(event), { signal });
    addEventListener('keyup', (event) => this.up(event), { signal });
    addEventListener('blur', () => this.release(), { signal });
  }

  /** @param {KeyboardEvent} event */
  down(event) {
    const target = /** @type {Element} */ (event.target);
    if (event.defaultPrevented || document.querySelector('dialog[open]')) return;
    if (target.closest?.(TYPING)) return;
    const onFilm = this.stage.root.contains(target);
    if (onFilm && this.onFilm(event)) {
      event.preventDefault();
      return;
    }
    const shortcut = shortcutFor(comboOf(event), this.own());
    const command = shortcut && this.commands[shortcut.command];
    if (!command || (command.enabled && !command.enabled())) return;
    const single = !event.ctrlKey && !event.metaKey && comboOf(event).length === 1;
    if (single && shortcut.command !== 'help' && this.stage.session?.prefs.keys === false) return;
    event.preventDefault();
    if (event.repeat && !['undo', 'redo', 'zoomIn', 'zoomOut'].includes(shortcut.command)) return;
    command.run();
  }

  /** Keys that mean something only on the film. @param {KeyboardEvent} event @returns {boolean} */
  onFilm(event) {
    if (event.key in ARROWS && !event.ctrlKey && !event.metaKey) {
      this.arrow(ARROWS[event.key], event);
      return true;
    }
    if (event.key === ' ') {
      this.pointer.spaceHeld = true;
      this.stage.root.classList.add('pan-ready');
      return true;
    }
    if (event.key === 'Enter' && !event.ctrlKey && !event.metaKey) return this.enter();
    return false;
  }

  /** @param {Point} way @param {KeyboardEvent} event */
  arrow(way, event) {
    const { stage } = this;
    const { session } = stage;
    if (!session) return;
    const covered = stage.isCovered();
    const asked = session.target || session.where;
    const key = covered ? null : this.focusedCorner() ?? (asked ? null : session.selected);
    if (key) {
      const step = event.altKey ? 0.1 : event.shiftKey ? 5 : 0.5;
      const [dx, dy] = onFilm(stage.pane.view.turn, way);
      actions.nudge(session, key, dx * step, dy * step);
      this.magnifyCorner(key);
    } else if (asked && !covered) {
      this.moveCrosshair(way, event);
    } else if (stage.pane.film) {
      const view = panned(stage.pane.view, -way[0] * 60, -way[1] * 60, stage.pane.film);
      stage.pane.setView(view);
    }
  }

  /** @param {string} key */
  magnifyCorner(key) {
    const { session } = this.stage;
    const mark = session && markOf(session.reading, refOf(key));
    if (!mark) return;
    this.stage.magnify(mark.xy);
    clearTimeout(this.fading);
    this.fading = setTimeout(() => this.stage.loupe.hide(), 1200);
  }

  /** @param {Point} way @param {KeyboardEvent} event */
  moveCrosshair(way, event) {
    const { stage } = this;
    const { view, film } = stage.pane;
    const at = stage.cursor ?? [view.cx, view.cy];
    // Alt steps on the film, the others on the screen: zoomed in, every step is finer.
    const step = event.altKey ? 0.1 : (event.shiftKey ? 40 : 4) / view.zoom;
    const [dx, dy] = onFilm(view.turn, way);
    const next = /** @type {Point} */ ([
      clamp(at[0] + dx * step, 0, film?.columns ?? 0),
      clamp(at[1] + (dy * step) / view.aspect, 0, film?.rows ?? 0),
    ]);
    const s = stage.pane.toScreen(next);
    const margin = 40;
    const right = Math.max(margin - s[0], 0) + Math.min(view.width - margin - s[0], 0);
    const down = Math.max(margin - s[1], 0) + Math.min(view.height - margin - s[1], 0);
    if (film && (right || down)) stage.pane.setView(panned(view, right, down, film));
    stage.moveCursor(next);
  }

  /** Enter places at the crosshair, or agrees with a proposed corner. @returns {boolean} */
  enter() {
    const { stage } = this;
    const { session } = stage;
    const corner = this.focusedCorner();
    if (!session || stage.isCovered()) return false;
    if (corner) {
      actions.accept(session, corner);
      return true;
    }
    const ref = session.target;
    if (!ref && !session.where) return false;
    if (!stage.cursor) {
      stage.moveCursor([stage.pane.view.cx, stage.pane.view.cy]);
      return true;
    }
    if (!ref) {
      actions.answerWhere(session, stage.cursor);
      stage.moveCursor(null);
      return true;
    }
    session.select(keyOf(ref));
    finishPlacing(stage, ref, stage.cursor, false);
    if (!session.target) stage.moveCursor(null);
    return true;
  }

  /** @returns {?string} */
  focusedCorner() {
    return document.activeElement?.closest?.('[data-key]')?.getAttribute('data-key') ?? null;
  }

  /** @param {KeyboardEvent} event */
  up(event) {
    if (event.key === ' ') this.release();
  }

  release() {
    this.pointer.spaceHeld = false;
    this.stage.root.classList.remove('pan-ready');
  }

  dispose() {
    clearTimeout(this.fading);
    this.stopper.abort();
  }
}

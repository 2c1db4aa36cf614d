/**
 * Mouse, pen and fingers on the film. Left places or drags only what it was told to: armed, or on a
 * corner; elsewhere, and everywhere with Alt, it is the window. Middle or Space pans, right zooms
 * (or changes the window, a setting of the reader), the wheel zooms at the pointer; one finger pans, two pinch.
 * @typedef {import('../reader/stage.js').Stage} Stage
 * @typedef {import('../core/geometry.js').Point} Point
 */
import { zoomedAt } from '../view/viewport.js';
import { dragCorner, drawLine, panDrag, pinch, placeCorner, sayWhere, takeBody, windowDrag, zoomDrag } from './gestures.js';

const REACH = { mouse: 13, pen: 16, touch: 26 };
/** While armed only a press right on a corner grabs it; a little beside it places the next one. */
const REACH_ARMED = { mouse: 9, pen: 10, touch: 18 };

export class PointerInput {
  /** @param {Stage} stage */
  constructor(stage) {
    this.stage = stage;
    /** @type {Map<number, Point>} */
    this.fingers = new Map();
    /** @type {?import('./gestures.js').Gesture} */
    this.gesture = null;
    this.pointer = -1;
    this.spaceHeld = false;
    /** Primary drag of a finger changes the window, not the place. */
    this.fingerWindows = false;
    const { root } = stage;
    const listen = (/** @type {string} */ name, /** @type {any} */ handler) =>
      root.addEventListener(name, handler.bind(this));
    listen('pointerdown', this.down);
    listen('pointermove', this.move);
    listen('pointerup', this.up);
    listen('pointercancel', this.cancelled);
    listen('lostpointercapture', this.lost);
    listen('pointerleave', this.left);
    root.addEventListener('wheel', (event) => this.wheel(event), { passive: false });
    root.addEventListener('contextmenu', (event) => event.preventDefault());
  }

  /** @param {PointerEvent} event */
  kind(event) {
    return /** @type {'mouse'} */ (event.pointerType in REACH ? event.pointerType : 'mouse');
  }

  /** @param {PointerEvent} event */
  down(event) {
    const { stage } = this;
    if (!stage.pane.film) return;
    const at = stage.pane.local(event);
    event.preventDefault();
    stage.root.setPointerCapture(event.pointerId);
    if (event.pointerType === 'touch') {
      this.fingers.set(event.pointerId, at);
      if (this.fingers.size === 2) {
        this.gesture?.cancel();
        this.gesture = pinch(stage, this.fingers);
        return;
      }
    }
    if (this.gesture || this.fingers.size > 1) return;
    this.pointer = event.pointerId;
    this.gesture = this.choose(event, at);
    if (!stage.layer.root.contains(document.activeElement)) stage.root.focus({ preventScroll: true });
  }

  /** @param {PointerEvent} event @param {Point} at */
  choose(event, at) {
    const { stage } = this;
    const touch = event.pointerType === 'touch';
    if (event.button === 1 || this.spaceHeld) return panDrag(stage, at);
    const windows = Boolean(stage.session?.prefs.rightWindows);
    if (event.button === 2) return windows ? windowDrag(stage, at) : zoomDrag(stage, at);
    if (event.button !== 0) return null;
    if (event.altKey) return windowDrag(stage, at);
    if (stage.session?.where && !stage.isCovered(at)) return sayWhere(stage, at);
    if (stage.session?.lining && !stage.isCovered(at)) return drawLine(stage, at, touch);
    const armed = Boolean(stage.session?.target) && !stage.isCovered(at);
    const reach = (armed ? REACH_ARMED : REACH)[this.kind(event)];
    const key = event.ctrlKey || event.metaKey ? null : stage.cornerAt(at, reach);
    stage.moveCursor(null);
    if (key) return dragCorner(stage, key, at, touch);
    const body = touch || event.ctrlKey || event.metaKey ? null : stage.proposedAt(at);
    if (body) return takeBody(stage, at, body);
    if (armed) return placeCorner(stage, at, touch);
    stage.session?.select(null);
    stage.root.focus({ preventScroll: true });
    if (touch && !this.fingerWindows) return panDrag(stage, at);
    return windowDrag(stage, at);
  }

  /** @param {PointerEvent} event */
  move(event) {
    const at = this.stage.pane.local(event);
    if (this.fingers.has(event.pointerId)) this.fingers.set(event.pointerId, at);
    if (this.gesture) {
      if (event.pointerId === this.pointer || this.fingers.size > 1) this.gesture.move(at, event);
      return;
    }
    if (event.pointerType !== 'touch') this.hover(event, at);
  }

  /** @param {PointerEvent} event @param {Point} at */
  hover(event, at) {
    const { stage } = this;
    const armed = Boolean(stage.session?.target) && !stage.isCovered(at);
    const key = stage.cornerAt(at, (armed ? REACH_ARMED : REACH)[this.kind(event)]);
    stage.root.classList.toggle('over-corner', Boolean(key));
    if (armed && !key) stage.magnify(stage.pane.toFilm(at));
    else stage.loupe.hide();
  }

  /** @param {PointerEvent} event */
  up(event) {
    const wasPinch = this.fingers.size > 1;
    this.fingers.delete(event.pointerId);
    if (wasPinch) {
      // The finger that stays down must not begin anything of its own.
      if (this.fingers.size === 1) this.gesture = { move() {}, end() {}, cancel() {} };
      return;
    }
    if (!this.gesture || (event.pointerId !== this.pointer && this.fingers.size > 0)) return;
    const { gesture } = this;
    this.gesture = null;
    gesture.end(event);
  }

  /** @param {PointerEvent} event */
  cancelled(event) {
    this.fingers.delete(event.pointerId);
    this.cancel();
  }

  /** @param {PointerEvent} event */
  lost(event) {
    if (this.gesture && event.pointerId === this.pointer && this.fingers.size < 2) this.cancel();
  }

  left() {
    if (!this.gesture && !this.stage.cursor) this.stage.loupe.hide();
  }

  /** Drop what is under way. @returns {boolean} true if there was something */
  cancel() {
    if (!this.gesture) return false;
    this.gesture.cancel();
    this.gesture = null;
    return true;
  }

  /** @param {WheelEvent} event */
  wheel(event) {
    event.preventDefault();
    const { pane } = this.stage;
    if (!pane.film) return;
    const lines = event.deltaMode === 1 ? 16 : event.deltaMode === 2 ? 400 : 1;
    const speed = event.ctrlKey ? 0.008 : 0.0016;
    const factor = Math.exp(-event.deltaY * lines * speed);
    pane.setView(zoomedAt(pane.view, factor, pane.local(event), pane.film));
    this.stage.followView();
  }
}

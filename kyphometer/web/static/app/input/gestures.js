/**
 * What a pressed pointer does until it is let go: each gesture answers move, end and cancel.
 * @typedef {import('../reader/stage.js').Stage} Stage
 * @typedef {import('../core/geometry.js').Point} Point
 * @typedef {{move: (at: Point, event: PointerEvent) => void, end: (event: PointerEvent) => void,
 *   cancel: () => void}} Gesture
 */
import * as actions from '../actions.js';
import { isComplete, endplateOf, keyOf, markOf, refOf } from '../core/document.js';
import { distance } from '../core/geometry.js';
import { filmVector, panned, zoomedAt } from '../view/viewport.js';

const FINE = 0.2;
const SLACK = 2;

/** Film point that follows a pointer by its movement only, so that the grab offset is kept.
 * @param {Stage} stage @param {Point} film @param {Point} at */
function follower(stage, film, at) {
  let last = at;
  let point = film;
  return (/** @type {Point} */ now, /** @type {boolean} */ fine) => {
    const k = fine ? FINE : 1;
    const [dx, dy] = filmVector(stage.pane.view, [(now[0] - last[0]) * k, (now[1] - last[1]) * k]);
    point = [point[0] + dx, point[1] + dy];
    last = now;
    return point;
  };
}

/** Drag a corner: one step of undo, whatever its way. @param {Stage} stage @param {string} key
 * @param {Point} start @param {boolean} touch @returns {Gesture} */
export function dragCorner(stage, key, start, touch) {
  const session = /** @type {any} */ (stage.session);
  const mark = /** @type {import('../core/document.js').Mark} */ (markOf(session.reading, refOf(key)));
  const follow = follower(stage, mark.xy, start);
  /** @type {?Point} */
  let at = null;
  session.select(key);
  stage.layer.focus(key);
  return {
    move(now, event) {
      const point = follow(now, event.shiftKey);
      if (!at && distance(now, start) < SLACK) return;
      at = point;
      actions.dragTo(session, key, point);
      stage.magnify(point, touch);
    },
    end() {
      stage.loupe.hide();
      if (!at) return;
      actions.moveTo(session, key, at);
      session.emit('released', [refOf(key)]);
    },
    cancel() {
      stage.loupe.hide();
      session.history.cancel();
    },
  };
}

/** Place the corner asked for: it appears when pressed, may be dragged, stays when let go.
 * @param {Stage} stage @param {Point} start @param {boolean} touch @returns {Gesture} */
export function placeCorner(stage, start, touch) {
  const session = /** @type {any} */ (stage.session);
  const ref = session.target;
  let at = stage.pane.toFilm(start);
  const follow = follower(stage, at, start);
  const show = () => {
    session.history.preview(actions.withPlaced(session, ref, at));
    stage.magnify(at, touch);
  };
  session.select(keyOf(ref));
  show();
  stage.pane.draw(); // the mark is there in the very frame of the press
  return {
    move(now, event) {
      at = follow(now, event.shiftKey);
      show();
    },
    end() {
      stage.loupe.hide();
      finishPlacing(stage, ref, at, true);
    },
    cancel() {
      stage.loupe.hide();
      session.history.cancel();
    },
  };
}

/** @param {Stage} stage @param {any} ref @param {Point} at @param {boolean} focus */
export function finishPlacing(stage, ref, at, focus) {
  const session = /** @type {any} */ (stage.session);
  const key = actions.place(session, ref, at);
  session.select(key);
  stage.pane.draw();
  if (focus) stage.layer.focus(key);
  const plate = endplateOf(session.reading, ref.level, ref.endplate);
  if (isComplete(plate) && ref.corner !== 'middle') {
    session.emit('released', ['anterior', 'posterior'].map((corner) => ({ ...ref, corner })));
  }
  session.emit('advance', { from: ref });
}

/** Draw a line beside the reading. @param {Stage} stage @param {Point} start @param {boolean} touch
 * @returns {Gesture} */
export function drawLine(stage, start, touch) {
  const session = /** @type {any} */ (stage.session);
  const before = session.lines;
  const first = stage.pane.toFilm(start);
  const follow = follower(stage, first, start);
  /** @type {?Point} */
  let last = null;
  return {
    move(now, event) {
      const point = follow(now, event.shiftKey);
      if (!last && distance(now, start) < SLACK) return;
      last = point;
      session.setLines([...before, [first, point]]);
      stage.magnify(point, touch);
    },
    end() {
      stage.loupe.hide();
      session.emit('drawn');
    },
    cancel() {
      stage.loupe.hide();
      session.setLines(before);
    },
  };
}

/** Say where a body lies: where the pointer is let go. @param {Stage} stage @param {Point} start
 * @returns {Gesture} */
export function sayWhere(stage, start) {
  let at = start;
  return {
    move(now) {
      at = now;
    },
    end() {
      if (stage.session) actions.answerWhere(stage.session, stage.pane.toFilm(at));
    },
    cancel() {},
  };
}

/** A click takes the proposed body; a drag is the window, as elsewhere.
 * @param {Stage} stage @param {Point} start @param {string} level @returns {Gesture} */
export function takeBody(stage, start, level) {
  /** @type {?Gesture} */
  let drag = null;
  return {
    move(now, event) {
      if (!drag && distance(now, start) > SLACK) drag = windowDrag(stage, start);
      drag?.move(now, event);
    },
    end(event) {
      if (drag) drag.end(event);
      else if (stage.session) actions.takeBody(stage.session, level);
    },
    cancel() {
      drag?.cancel();
    },
  };
}

/** @param {Stage} stage @param {Point} start @returns {Gesture} */
export function windowDrag(stage, start) {
  const film = /** @type {any} */ (stage.filmAt(start));
  const from = film.activeWindow;
  const before = { window: film.window, preset: film.preset };
  let moved = false;
  return {
    move(now) {
      if (!moved && distance(now, start) < 3) return;
      moved = true;
      const k = film.range / 900;
      const flip = film.invert !== film.pixels.inverted ? -1 : 1;
      film.setWindow({
        ...from,
        width: Math.max(from.width + (now[0] - start[0]) * k, film.range / 4096),
        center: from.center + (now[1] - start[1]) * k * flip,
      });
      stage.pane.invalidate();
    },
    end() {
      if (moved) stage.session?.emit('window');
    },
    cancel() {
      Object.assign(film, before, { cached: null });
      stage.pane.invalidate();
    },
  };
}

/** @param {Stage} stage @param {Point} start @returns {Gesture} */
export function panDrag(stage, start) {
  let last = start;
  stage.root.classList.add('panning');
  const done = () => stage.root.classList.remove('panning');
  return {
    move(now) {
      const { pane } = stage;
      if (pane.film) pane.setView(panned(pane.view, now[0] - last[0], now[1] - last[1], pane.film));
      last = now;
    },
    end: done,
    cancel: done,
  };
}

/** @param {Stage} stage @param {Point} start @returns {Gesture} */
export function zoomDrag(stage, start) {
  let last = start;
  return {
    move(now) {
      const { pane } = stage;
      const factor = Math.exp((last[1] - now[1]) * 0.008);
      if (pane.film) pane.setView(zoomedAt(pane.view, factor, start, pane.film));
      last = now;
    },
    end() {},
    cancel() {},
  };
}

/** Two fingers: zoom and pan at once. @param {Stage} stage @param {Map<number, Point>} fingers
 * @returns {Gesture} */
export function pinch(stage, fingers) {
  const read = () => {
    const [a, b] = [...fingers.values()];
    const middle = /** @type {Point} */ ([(a[0] + b[0]) / 2, (a[1] + b[1]) / 2]);
    return { middle, spread: Math.max(distance(a, b), 1) };
  };
  let last = read();
  return {
    move() {
      const { pane } = stage;
      if (fingers.size < 2 || !pane.film) return;
      const now = read();
      const shift = [now.middle[0] - last.middle[0], now.middle[1] - last.middle[1]];
      const moved = panned(pane.view, shift[0], shift[1], pane.film);
      pane.setView(zoomedAt(moved, now.spread / last.spread, now.middle, pane.film));
      last = now;
    },
    end() {},
    cancel() {},
  };
}

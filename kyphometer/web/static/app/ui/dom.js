/** Small helpers to build the page. Nothing is ever built from HTML text. */

/** @param {string} tag @param {Object<string, any>} [props] `on…` listens, `class`, `data-…`,
 * `aria-…` and other names are attributes; false, null and undefined leave them out
 * @param {...any} children @returns {any} */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name === 'value') /** @type {any} */ (element).value = value;
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** What a pointer is pressing, until its click has happened. @type {?Element} */
let pressed = null;
/** New children that wait for that. @type {Map<Element, any[]>} */
const waiting = new Map();

if (typeof window !== 'undefined') {
  const options = { capture: true, passive: true };
  addEventListener('pointerdown', (event) => {
    pressed = event.target instanceof Element ? event.target.closest('button, a, summary, label') : null;
  }, options);
  for (const name of ['pointerup', 'pointercancel', 'blur', 'dragend']) addEventListener(name, letGo, options);
}

/** The click comes in the same task as the release: what waits is drawn after it. */
function letGo() {
  pressed = null;
  if (waiting.size > 0) setTimeout(drawWaiting);
}

function drawWaiting() {
  if (pressed) return;
  const all = [...waiting];
  waiting.clear();
  for (const [parent, children] of all) refill(parent, ...children);
}

/** New children, but the keyboard focus stays on the control of the same `data-focus`, and a control
 * that is being pressed is not taken away under the pointer: browsers give no click to a control that
 * was replaced between press and release.
 * @param {Element} parent @param {...any} children */
export function refill(parent, ...children) {
  waiting.delete(parent);
  if (pressed && parent.contains(pressed)) {
    waiting.set(parent, children);
    return;
  }
  const active = document.activeElement;
  const inside = active && parent.contains(active) ? active.getAttribute('data-focus') : null;
  parent.replaceChildren(...children.flat().filter(Boolean));
  if (inside) {
    const again = parent.querySelector(`[data-focus="${CSS.escape(inside)}"]`);
    if (again instanceof HTMLElement) again.focus({ preventScroll: true });
  }
}

/** Runs `draw` only when what it shows has changed. @param {(model: any) => void} draw
 * @returns {(model: any) => void} */
export function whenChanged(draw) {
  let last = '';
  return (model) => {
    const now = JSON.stringify(model);
    if (now === last) return;
    last = now;
    draw(model);
  };
}

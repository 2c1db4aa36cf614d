/** @param {string} name @param {Object<string, any>} attributes @returns {any} SVG element */
export function svg(name, attributes = {}) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', name);
  set(element, attributes);
  return element;
}

/** @param {Element} element @param {Object<string, any>} attributes null removes */
export function set(element, attributes) {
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined) element.removeAttribute(key);
    else {
      const text = String(value);
      if (element.getAttribute(key) !== text) element.setAttribute(key, text);
    }
  }
}

/** Keep one element for each key, in the order of the keys, without moving what is in place (a
 * moved element would lose the keyboard focus).
 * @param {Element} parent @param {Map<string, Element>} kept @param {string[]} keys
 * @param {(key: string) => Element} create */
export function reconcile(parent, kept, keys, create) {
  const wanted = new Set(keys);
  for (const [key, element] of kept) {
    if (!wanted.has(key)) {
      element.remove();
      kept.delete(key);
    }
  }
  let before = parent.firstElementChild;
  for (const key of keys) {
    let element = kept.get(key);
    if (!element) {
      element = create(key);
      kept.set(key, element);
      parent.insertBefore(element, before);
    } else if (element === before) {
      before = before.nextElementSibling;
    } else {
      parent.insertBefore(element, before);
    }
  }
}

/**
 * Every shortcut, once: the keyboard handler and the help page read the same list.
 * `keys` are combinations as `comboOf` writes them; `show` is what the help prints instead.
 * @typedef {{command: string, keys: string[], group: string, show?: string}} Shortcut
 */

/** @type {readonly Shortcut[]} */
export const SHORTCUTS = Object.freeze([
  { command: 'chooseLevel', keys: ['f'], group: 'mark' },
  { command: 'arm', keys: ['a'], group: 'mark' },
  { command: 'crosshair', keys: ['c'], group: 'mark' },
  { command: 'notMeasurable', keys: ['x'], group: 'mark' },
  { command: 'anotherVertebra', keys: ['v'], group: 'mark' },
  { command: 'line', keys: ['4'], group: 'mark' },
  { command: 'remove', keys: ['Delete', 'Backspace'], group: 'mark' },
  { command: 'undo', keys: ['Ctrl+z'], group: 'mark' },
  { command: 'redo', keys: ['Ctrl+y', 'Ctrl+Shift+z'], group: 'mark' },
  { command: 'cancel', keys: ['Escape'], group: 'mark' },
  { command: 'flipFacing', keys: ['g'], group: 'mark' },
  { command: 'shiftUp', keys: ['['], group: 'mark' },
  { command: 'shiftDown', keys: [']'], group: 'mark' },
  { command: 'confirm', keys: ['Ctrl+Enter'], group: 'mark' },
  { command: 'saveNow', keys: ['Ctrl+s'], group: 'mark' },
  { command: 'refineAll', keys: ['e'], group: 'assist' },
  { command: 'carryOver', keys: ['p'], group: 'assist' },
  { command: 'propose', keys: ['5'], group: 'assist' },
  { command: 'takeAll', keys: ['6'], group: 'assist' },
  { command: 'takeOne', keys: ['7'], group: 'assist' },
  { command: 'assistOnRelease', keys: ['q'], group: 'assist' },
  { command: 'fit', keys: ['0', '='], group: 'view' },
  { command: 'oneToOne', keys: ['1'], group: 'view' },
  { command: 'showMarks', keys: ['2'], group: 'view' },
  { command: 'zoomIn', keys: ['+'], group: 'view' },
  { command: 'zoomOut', keys: ['-'], group: 'view' },
  { command: 'nextPreset', keys: ['w'], group: 'view' },
  { command: 'autoRegion', keys: ['r'], group: 'view' },
  { command: 'turnRight', keys: ['.'], group: 'view' },
  { command: 'turnLeft', keys: [','], group: 'view' },
  { command: 'mirror', keys: ['/'], group: 'view' },
  { command: 'upright', keys: ['3'], group: 'view' },
  { command: 'invert', keys: ['i'], group: 'view' },
  { command: 'localContrast', keys: ['l'], group: 'view' },
  { command: 'loupe', keys: ['m'], group: 'view' },
  { command: 'hideMarks', keys: ['h'], group: 'view' },
  { command: 'autoZoom', keys: ['z'], group: 'view' },
  { command: 'compare', keys: ['s'], group: 'compare' },
  { command: 'allVisits', keys: ['y'], group: 'compare' },
  { command: 'link', keys: ['k'], group: 'compare' },
  { command: 'swipe', keys: ['o'], group: 'compare' },
  { command: 'flicker', keys: ['b'], group: 'compare' },
  { command: 'together', keys: ['j'], group: 'compare' },
  { command: 'adjudicate', keys: ['Shift+j'], group: 'compare' },
  { command: 'nextFilm', keys: ['n'], group: 'film' },
  { command: 'workList', keys: ['u'], group: 'film' },
  { command: 'keep', keys: ['d'], group: 'film' },
  { command: 'send', keys: ['t'], group: 'film' },
  { command: 'exportPicture', keys: ['Ctrl+e'], group: 'film' },
  { command: 'help', keys: ['?'], group: 'film' },
]);

/** What is not a single key: listed in the help, handled where it belongs. */
export const GESTURES = Object.freeze([
  { key: 'gesture.arrows', show: '← ↑ → ↓', group: 'mark' },
  { key: 'gesture.enter', show: 'Enter', group: 'mark' },
  { key: 'gesture.tab', show: 'Tab', group: 'mark' },
  { key: 'gesture.shift', show: 'Shift', group: 'mark' },
  { key: 'gesture.force', show: 'Ctrl', group: 'mark' },
  { key: 'gesture.left', show: 'mouse.left', group: 'view' },
  { key: 'gesture.window', show: 'mouse.window', group: 'view' },
  { key: 'gesture.wheel', show: 'mouse.wheel', group: 'view' },
  { key: 'gesture.pan', show: 'mouse.pan', group: 'view' },
  { key: 'gesture.right', show: 'mouse.right', group: 'view' },
  { key: 'gesture.touch', show: 'mouse.touch', group: 'view' },
]);

/** Name of a key press: modifiers, then the key; Shift only where it does not make the character.
 * @param {KeyboardEvent} event */
export function comboOf(event) {
  const { key } = event;
  const letter = /^[a-z]$/i.test(key);
  const named = key.length > 1;
  const parts = [];
  if (event.ctrlKey || event.metaKey) parts.push('Ctrl');
  if (event.altKey) parts.push('Alt');
  if (event.shiftKey && (letter || named)) parts.push('Shift');
  parts.push(letter ? key.toLowerCase() : key);
  return parts.join('+');
}

/** Keys that a reader has chosen, by command. @typedef {Object<string, string>} OwnKeys */

/** @param {Shortcut} shortcut @param {OwnKeys} own @returns {string[]} */
export function keysOf(shortcut, own) {
  return own[shortcut.command] ? [own[shortcut.command]] : shortcut.keys;
}

/** @param {string} combo @param {OwnKeys} [own] @returns {?Shortcut} */
export function shortcutFor(combo, own = {}) {
  return SHORTCUTS.find((shortcut) => keysOf(shortcut, own).includes(combo)) ?? null;
}

/** Keys of a command, for people's eyes. @param {string} command @param {OwnKeys} own @returns {string[]} */
export function keysFor(command, own) {
  const shortcut = SHORTCUTS.find((one) => one.command === command);
  return shortcut ? keysOf(shortcut, own) : [];
}

/** Escape always cancels. @param {string} command */
export const mayChange = (command) => command !== 'cancel';

/** Why a command cannot have that key: a key that means something else on the film or to the browser, or one
 * that another command has; null if it can. @param {string} command @param {string} combo @param {OwnKeys} own
 * @returns {?{reserved: true} | {taken: string}} */
export function keyRefusal(command, combo, own) {
  if (!/^(Shift\+[a-z]|[^\s+]|\+)$/u.test(combo)) return { reserved: true };
  const other = SHORTCUTS.find((one) => one.command !== command && keysOf(one, own).includes(combo));
  return other ? { taken: other.command } : null;
}

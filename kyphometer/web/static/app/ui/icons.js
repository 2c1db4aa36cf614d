/** Icons, drawn as strokes on a 24 x 24 grid. */
import { svg } from '../view/svg.js';

const PATHS = {
  add: 'M12 5v14M5 12h14',
  back: 'M15 5l-7 7 7 7',
  next: 'M9 5l7 7-7 7',
  undo: 'M9 7L4 12l5 5M4 12h10a6 6 0 0 1 6 6',
  redo: 'M15 7l5 5-5 5M20 12H10a6 6 0 0 0-6 6',
  fit: 'M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5',
  turn: 'M19 12a7 7 0 1 1-2.5-5.4M17 3v4h-4',
  mirror: 'M12 3v18M9 7L3 18h6zM15 7l6 11h-6z',
  invert: 'M12 3a9 9 0 1 0 0 18zM12 3a9 9 0 0 1 0 18',
  contrast: 'M4 4h16v16H4zM4 12h8V4M12 20v-8h8',
  loupe: 'M10.5 4a6.5 6.5 0 1 0 0 13a6.5 6.5 0 1 0 0-13M15.5 15.5L21 21M10.5 8v5M8 10.5h5',
  marks: 'M2 12s4-7 10-7 10 7 10 7-4 7-10 7S2 12 2 12M12 9a3 3 0 1 0 0 6a3 3 0 1 0 0-6',
  compare: 'M3 5h8v14H3zM13 5h8v14h-8z',
  line: 'M4 20L20 4M4 20l1.5-4.5M4 20l4.5-1.5M20 4l-1.5 4.5M20 4l-4.5 1.5',
  adjudicate: 'M12 3v18M5 21h14M12 6H5l-3 7a3.5 3.5 0 0 0 6 0L5 6M12 6h7l3 7a3.5 3.5 0 0 1-6 0l3-7',
  together: 'M9 4a3.2 3.2 0 1 0 0 6.4a3.2 3.2 0 1 0 0-6.4M3 20c0-4 2.5-6.5 6-6.5s6 2.5 6 6.5M16 5a3 3 0 0 1 0 5.6M17.5 14c2.3.8 3.5 3 3.5 6',
  link: 'M10 14a4 4 0 0 0 6 0l3-3a4 4 0 0 0-6-6l-1.5 1.5M14 10a4 4 0 0 0-6 0l-3 3a4 4 0 0 0 6 6l1.5-1.5',
  swipe: 'M12 3v18M8 8l-4 4 4 4M16 8l4 4-4 4',
  flicker: 'M4 7h12v12H4zM8 7V4h12v12h-4',
  window: 'M12 3v2M12 19v2M3 12h2M19 12h2M5.6 5.6l1.5 1.5M16.9 16.9l1.5 1.5M18.4 5.6l-1.5 1.5M7.1 16.9l-1.5 1.5M12 8a4 4 0 1 0 0 8z',
  help: 'M12 3a9 9 0 1 0 0 18a9 9 0 1 0 0-18M9.5 9.5a2.5 2.5 0 1 1 3.5 2.3c-.7.3-1 .8-1 1.7M12 16.8v.2',
  keep: 'M12 3v12M7 10l5 5 5-5M4 16v4h16v-4',
  send: 'M3 12l18-8-7 17-3-7zM11 14l4-4',
  picture: 'M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M15 8.5v.2',
  flip: 'M8 7L3 12l5 5M16 7l5 5-5 5M3 12h18',
  check: 'M5 12.5l5 5L19.5 7',
  warning: 'M12 4L2.5 20h19zM12 10v5M12 17.3v.2',
  error: 'M8 3h8l5 5v8l-5 5H8l-5-5V8zM12 8v5M12 16v.2',
  close: 'M6 6l12 12M18 6L6 18',
  remove: 'M5 7h14M9 7V4h6v3M7 7l1 13h8l1-13',
  wand: 'M4 20L15 9M15 4v2M20 9h-2M18.5 5.5L17 7M19 13l-1-1M11 5l1 1',
  carry: 'M3 5h7v14H3zM14 12h7M18 8l4 4-4 4',
  propose: 'M6 4h12v4H6zM5 10h14v4H5zM6 16h12v4H6z',
  search: 'M10.5 4a6.5 6.5 0 1 0 0 13a6.5 6.5 0 1 0 0-13M15.5 15.5L21 21',
  ban: 'M12 3a9 9 0 1 0 0 18a9 9 0 1 0 0-18M6 6l12 12',
  up: 'M12 19V5M6 11l6-6 6 6',
  down: 'M12 5v14M6 13l6 6 6-6',
};

/** @param {string} name @returns {SVGElement} */
export function icon(name) {
  const element = svg('svg', { viewBox: '0 0 24 24', class: 'icon', 'aria-hidden': 'true' });
  element.append(svg('path', { d: PATHS[/** @type {'back'} */ (name)] }));
  return element;
}

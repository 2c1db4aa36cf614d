/**
 * What surrounds the film in its pane: window and zoom, a scale bar, how it is turned, and where anterior is.
 * @typedef {import('./pane.js').Pane} Pane
 * @typedef {import('../core/geometry.js').Point} Point
 * @typedef {import('../core/turn.js').Turn} Turn
 */
import { directionOf, isUpright, nameOf, onScreen } from '../core/turn.js';
import { number, t } from '../i18n.js';

const LENGTHS_MM = [1, 2, 5, 10, 20, 50, 100, 200];
const LONGEST_PX = 150;
const PART_OF_PANE = 0.32;
const SIDES = /** @type {const} */ (['left', 'right', 'up', 'down']);

export class Readout {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = document.createElement('div');
    this.root.className = 'readout';
    this.parts = Object.fromEntries(
      ['left', 'right', 'up', 'down', 'turn', 'window', 'scale'].map((name) => {
        const part = document.createElement('span');
        part.dataset.part = name;
        this.root.append(part);
        return [name, part];
      }),
    );
    root.append(this.root);
  }

  /** @param {Pane} pane @param {?Point} forward where anterior is, on the film */
  show(pane, forward) {
    const { film } = pane;
    this.root.hidden = !film;
    if (!film) return;
    const letters = lettersOf(pane.view.turn, forward);
    for (const side of SIDES) this.say(side, letters[side]);
    this.say('turn', turnText(pane.view.turn));
    this.say('window', `${windowText(film)}  ${t('readout.zoom', { percent: number(pane.view.zoom * pane.ratio * 100, 0) })}`);
    this.showScale(pane);
  }

  /** @param {string} part @param {string} text */
  say(part, text) {
    const element = this.parts[part];
    if (element.textContent !== text) element.textContent = text;
  }

  /** The longest round length that fits; none where a pixel's size is not known. @param {Pane} pane */
  showScale(pane) {
    const { column_mm: mm, in_patient: inPatient } = pane.known() ?? pane.film?.facts.geometry ?? {};
    const scale = this.parts.scale;
    scale.hidden = !mm;
    if (!mm) return;
    const perMm = pane.view.zoom / mm;
    const longest = Math.min(LONGEST_PX, PART_OF_PANE * pane.view.width);
    const length = LENGTHS_MM.findLast((one) => one * perMm <= longest) ?? LENGTHS_MM[0];
    this.say('scale', t(inPatient === false ? 'readout.at_detector' : 'readout.mm', { length }));
    const width = `${Math.round(length * perMm)}px`;
    if (scale.style.width !== width) scale.style.width = width;
  }
}

/** Letters at the edges. @param {Turn} turn @param {?Point} forward
 * @returns {Record<'left'|'right'|'up'|'down', string>} */
export function lettersOf(turn, forward) {
  const letters = { left: '', right: '', up: '', down: '' };
  if (!forward) return letters;
  const [x, y] = onScreen(turn, forward);
  letters[directionOf([x, y])] = 'A';
  letters[directionOf([-x, -y])] = 'P';
  return letters;
}

/** @param {Turn} turn @returns {string} nothing for a film as it is stored */
export function turnText(turn) {
  if (isUpright(turn)) return '';
  const { degrees, mirror } = nameOf(turn);
  return [degrees ? t('readout.turned', { degrees }) : '', mirror ? t('readout.mirrored') : ''].filter(Boolean).join(' · ');
}

/** @param {import('./film.js').FilmImage} film @returns {string} */
function windowText(film) {
  if (film.useLocal) return t('command.localContrast');
  if (film.presets[film.preset]?.lut) return '';
  const { center, width } = film.window;
  const digits = width < 10 ? 2 : 0;
  return t('readout.window', { center: number(center, digits), width: number(width, digits) });
}

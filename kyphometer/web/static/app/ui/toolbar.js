/** Few controls beside the film; each names its key. */
import { keysFor } from '../input/shortcuts.js';
import { t } from '../i18n.js';
import { h, refill } from './dom.js';
import { keyName } from './help.js';
import { icon } from './icons.js';

const GROUPS = [
  ['undo', 'redo', 'line'],
  ['fit', 'turnRight', 'mirror', 'invert', 'localContrast', 'loupe', 'hideMarks'],
  ['compare', 'together', 'adjudicate'],
  ['propose', 'refineAll', 'carryOver', 'assistOnRelease'],
  ['keep', 'exportPicture'],
];
const ICONS = {
  undo: 'undo',
  line: 'line',
  redo: 'redo',
  fit: 'fit',
  turnRight: 'turn',
  mirror: 'mirror',
  invert: 'invert',
  localContrast: 'contrast',
  loupe: 'loupe',
  hideMarks: 'marks',
  compare: 'compare',
  together: 'together',
  adjudicate: 'adjudicate',
  refineAll: 'wand',
  carryOver: 'carry',
  propose: 'propose',
  assistOnRelease: 'check',
  keep: 'keep',
  exportPicture: 'picture',
};
export class Toolbar {
  /** @param {Object<string, any>} commands @param {() => import('../input/shortcuts.js').OwnKeys} own */
  constructor(commands, own) {
    this.commands = commands;
    this.own = own;
    /** @type {Map<string, any>} */
    this.buttons = new Map();
    this.preset = h('select', { class: 'preset', 'aria-label': t('window.label'), title: this.titleOf('nextPreset') });
    this.preset.addEventListener('change', () => commands.choosePreset.run(Number(this.preset.value)));
    const groups = GROUPS.map((names) => names.filter((name) => commands[name]?.offered !== false))
      .filter((names) => names.length > 0)
      .map((names) => h('div', { class: 'group', role: 'group' }, names.map((name) => this.button(name))));
    groups[1].prepend(h('div', { class: 'preset-box' }, icon('window'), h('span', { class: 'word', 'aria-hidden': 'true' }, t('tool.preset')), this.preset));
    const bar = h('div', { class: 'toolbar', role: 'toolbar', 'aria-label': t('toolbar.title'), 'aria-orientation': 'vertical' }, groups);
    this.root = h('nav', { class: 'tools', 'aria-label': t('toolbar.title') }, bar);
  }

  /** @param {string} name */
  button(name) {
    const label = t(`command.${name}`);
    const element = h('button', { type: 'button', class: 'tool', title: this.titleOf(name), 'aria-label': label, 'data-command': name, onclick: () => this.commands[name].run() },
      icon(ICONS[/** @type {'fit'} */ (name)]), h('span', { class: 'word', 'aria-hidden': 'true' }, t(`tool.${name}`)));
    this.buttons.set(name, element);
    return element;
  }

  /** A command with its key. @param {string} name */
  titleOf(name) {
    return `${t(`command.${name}`)} (${keyName(keysFor(name, this.own())[0])})`;
  }

  /** Keys have changed. */
  retitle() {
    for (const [name, element] of this.buttons) element.title = this.titleOf(name);
    this.preset.title = this.titleOf('nextPreset');
  }

  /** What can be done now and what is on. */
  update() {
    for (const [name, element] of this.buttons) {
      const command = this.commands[name];
      element.disabled = command.enabled ? !command.enabled() : false;
      if (command.isOn) element.setAttribute('aria-pressed', String(command.isOn()));
    }
  }

  /** @param {import('../view/film.js').FilmImage} film */
  showPresets(film) {
    const options = film.presets.map((preset, i) => {
      const name = preset.key === 'own' || preset.key === 'lut' ? t('window.own', { name: preset.name }) : t(`window.${preset.key}`);
      return h('option', { value: i, selected: film.preset === i }, name);
    });
    const own = h('option', { value: -1, selected: film.preset === -1, disabled: film.preset !== -1 }, t('window.custom'));
    refill(this.preset, own, options);
  }
}

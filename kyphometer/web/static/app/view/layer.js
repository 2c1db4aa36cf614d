/**
 * The marks over a film as SVG. Corners can take the keyboard focus, in anatomical order, so that Tab
 * walks through them and leaves at the ends.
 * @typedef {import('./scene.js').Scene} Scene
 */
import { linesOf } from './labels.js';
import { reconcile, set, svg } from './svg.js';

/** Outline of a corner: its kind is told by shape, not by colour. */
const SHAPES = {
  anterior: 'M-5 0a5 5 0 1 0 10 0a5 5 0 1 0 -10 0',
  posterior: 'M-4.5 -4.5h9v9h-9z',
  middle: 'M0 -5.5L5 4H-5z',
};

export class MarkLayer {
  /** @param {{label: (key: string) => string, interactive: boolean, title: string}} options */
  constructor(options) {
    this.options = options;
    this.root = svg('svg', { class: 'marks', role: 'group' });
    this.root.setAttribute('aria-label', options.title);
    this.groups = Object.fromEntries(
      ['angles', 'others', 'plates', 'names', 'corners', 'cursor'].map((name) => {
        const group = svg('g', { class: name });
        if (name !== 'corners') group.setAttribute('aria-hidden', 'true');
        this.root.append(group);
        return [name, group];
      }),
    );
    /** @type {Object<string, Map<string, Element>>} */
    this.kept = { angles: new Map(), others: new Map(), plates: new Map(), names: new Map(), corners: new Map() };
    this.crosshair = svg('path', { class: 'crosshair', visibility: 'hidden' });
    this.groups.cursor.append(this.crosshair);
  }

  /** @param {Scene} scene */
  show(scene) {
    this.each('plates', scene.plates, (s) => this.makePlate(s), (node, s) => {
      set(node, { class: s.flagged ? 'plate flagged' : 'plate' });
      for (const line of node.children) {
        set(line, { x1: fix(s.a[0]), y1: fix(s.a[1]), x2: fix(s.b[0]), y2: fix(s.b[1]) });
      }
    });
    this.each('others', scene.others ?? [], (s) => this.makeOther(s), updateOther);
    this.each('angles', scene.angles, (s) => this.makeAngle(s), updateAngle);
    this.each('names', scene.names, () => svg('text', { class: 'name' }), (node, s) => {
      set(node, { x: fix(s.p[0]), y: fix(s.p[1]), 'text-anchor': s.anchor });
      if (node.textContent !== s.text) node.textContent = s.text;
    });
    this.each('corners', scene.corners, (s) => this.makeCorner(s), (node, s) => {
      const kind = `corner ${s.corner}${s.assisted ? ' assisted' : ''}`;
      set(node, {
        class: `${kind}${s.selected ? ' selected' : ''}${s.flagged ? ' flagged' : ''}`,
        transform: `translate(${fix(s.p[0])} ${fix(s.p[1])})`,
      });
      if (this.options.interactive) set(node, { 'aria-label': this.options.label(s.key) });
    });
  }

  /** @param {string} name @param {any[]} shapes @param {(shape: any) => Element} create
   * @param {(node: any, shape: any) => void} update */
  each(name, shapes, create, update) {
    const byKey = new Map(shapes.map((shape) => [shape.key, shape]));
    reconcile(this.groups[name], this.kept[name], [...byKey.keys()], (key) => create(byKey.get(key)));
    for (const [key, shape] of byKey) update(this.kept[name].get(key), shape);
  }

  /** @param {any} shape */
  makePlate(shape) {
    const group = svg('g', { 'data-plate': shape.key });
    group.append(svg('line', { class: 'halo' }), svg('line', { class: 'line' }));
    return group;
  }

  /** @param {any} shape */
  makeOther(shape) {
    const group = svg('g', { class: `other dash-${shape.dash}`, 'data-other': shape.key });
    group.append(svg('line', { class: 'halo' }), svg('line', { class: 'line' }), svg('text', { 'text-anchor': 'middle' }));
    return group;
  }

  /** @param {any} shape */
  makeAngle(shape) {
    const group = svg('g', { class: `angle ${shape.code}`, 'data-angle': shape.code });
    group.append(svg('path', { class: 'halo' }), svg('path', { class: 'line' }));
    group.append(svg('path', { class: 'faint-halo' }), svg('path', { class: 'faint' }));
    group.append(svg('text', { class: 'value' }), svg('text', { class: 'pair' }));
    return group;
  }

  /** @param {any} shape */
  makeCorner(shape) {
    const group = svg('g', { 'data-key': shape.key });
    if (this.options.interactive) set(group, { tabindex: 0, role: 'button' });
    const d = SHAPES[/** @type {'anterior'} */ (shape.corner)];
    group.append(
      svg('circle', { class: 'hit', r: 13 }),
      svg('path', { class: 'ring', d: 'M-10 0a10 10 0 1 0 20 0a10 10 0 1 0 -20 0' }),
      svg('path', { class: 'halo', d }),
      svg('path', { class: 'shape', d }),
      svg('circle', { class: 'dot', r: 0.9 }),
    );
    return group;
  }

  /** Show the keyboard's crosshair, or hide it with null. @param {?[number, number]} at */
  showCrosshair(at) {
    set(this.crosshair, { visibility: at ? null : 'hidden' });
    if (at) {
      set(this.crosshair, {
        d: 'M-22 0H-4M4 0H22M0 -22V-4M0 4V22',
        transform: `translate(${fix(at[0])} ${fix(at[1])})`,
      });
    }
  }

  /** @param {string} key */
  focus(key) {
    const node = /** @type {any} */ (this.kept.corners.get(key));
    if (node && document.activeElement !== node) node.focus({ preventScroll: true });
  }
}

/** @param {any} node @param {import('./others.js').OtherShape} s */
function updateOther(node, s) {
  const [halo, line, text] = node.children;
  for (const one of [halo, line]) set(one, { x1: fix(s.a[0]), y1: fix(s.a[1]), x2: fix(s.b[0]), y2: fix(s.b[1]) });
  set(text, { x: fix(s.at[0]), y: fix(s.at[1] + 4) });
  if (text.textContent !== s.text) text.textContent = s.text;
}

/** @param {any} node @param {any} shape */
function updateAngle(node, shape) {
  const [halo, line, faintHalo, faint, value, pair] = node.children;
  const d = shape.lines.map(pathOf).join('');
  set(node, { class: `angle ${shape.code}${shape.compact ? ' compact' : ''}` });
  set(halo, { d });
  set(line, { d });
  const thin = shape.faint.map(pathOf).join('');
  set(faintHalo, { d: thin });
  set(faint, { d: thin });
  set(value, { x: fix(shape.at[0]), y: fix(shape.at[1]), 'text-anchor': shape.anchor });
  set(pair, { x: fix(shape.at[0]), y: fix(shape.at[1] + 15), 'text-anchor': shape.anchor });
  const [first, second] = linesOf(shape, Boolean(shape.compact));
  if (value.textContent !== first) value.textContent = first;
  if (pair.textContent !== second) pair.textContent = second;
}

const fix = (/** @type {number} */ value) => Math.round(value * 100) / 100;

const pathOf = (/** @type {[number, number][]} */ points) =>
  points.map((p, i) => `${i === 0 ? 'M' : 'L'}${fix(p[0])} ${fix(p[1])}`).join('');

/** The page's pure core: its angle against the oracle that Python meets too, documents, plan, undo. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const core = '../../kyphometer/web/static/app/core';
const geometry = await import(`${core}/geometry.js`);
const doc = await import(`${core}/document.js`);
const plan = await import(`${core}/plan.js`);
const { bodyAt, confident, moved, proposalOf } = await import(`${core}/proposal.js`);
const { History } = await import(`${core}/history.js`);

const oracle = JSON.parse(readFileSync(new URL('../data/angle_oracle.json', import.meta.url), 'utf8'));

for (const one of oracle.cases) {
  test(`angle: ${one.name}`, () => {
    const [upper, lower] = [one.upper, one.lower].map((line) =>
      geometry.endplateVector(line.anterior, line.posterior, one.geometry));
    const angle = geometry.signedAngleDeg(upper, lower, one.facing);
    if (one.expected_deg === null) assert.equal(angle, null);
    else assert.ok(Math.abs(angle - one.expected_deg) <= oracle.tolerance_deg, `${angle}`);
  });
}

test('a proposed body is hit in its middle, not near its corners, and not once it is taken', () => {
  const plate = (y) => ({ anterior: { xy: [0, y] }, posterior: { xy: [100, y] } });
  const proposal = { document: { vertebrae: { L1: { superior: plate(0), inferior: plate(60) }, S1: { superior: plate(90) } } } };
  const offers = [{ level: 'L1', endplate: 'superior' }, { level: 'S1', endplate: 'superior' }];
  assert.equal(bodyAt(proposal, offers, [50, 30]), 'L1');
  assert.equal(bodyAt(proposal, offers, [25, 45]), 'L1');
  for (const at of [[5, 5], [50, 8], [90, 30], [50, 70], [50, 90]]) assert.equal(bodyAt(proposal, offers, at), null, `${at}`);
  assert.equal(bodyAt(proposal, [], [50, 30]), null);
});

test('levels moved by one take doubt, metal and what one key takes with them, and come back', () => {
  const plate = (y) => ({ anterior: { xy: [0, y] }, posterior: { xy: [100, y] } });
  const body = (y) => ({ superior: plate(y), inferior: plate(y + 60) });
  const reading = doc.normalised({ vertebrae: {} });
  const proposal = proposalOf({
    document: { vertebrae: { T12: body(0), L1: body(80) } }, facing: 'left', sure: false, notes: [],
    bodies: [{ level: 'T12', doubt: 0.3, likely: false, metal: true }, { level: 'L1', doubt: 0.02, likely: true, metal: false }],
    fractures: [{ level: 'L1', reason: '' }],
  });
  const down = moved(proposal, 1);
  assert.deepEqual([down.doubts, down.likely, down.metal, down.fractures, down.moved], [{ L1: 0.3, L2: 0.02 }, ['L2'], ['L1'], ['L2'], 1]);
  assert.deepEqual([...new Set(confident(down, reading, []).map((one) => one.level))], ['L2']);
  assert.deepEqual(moved(down, -1), proposal);
});

test('a similarity is found again from two points, and its way back is its inverse', () => {
  const turn = { scale: 1.7, cos: Math.cos(0.4), sin: Math.sin(0.4), tx: 30, ty: -12 };
  const from = [[10, 20], [300, 40], [80, 500]];
  const found = geometry.fitSimilarity(from, from.map((p) => geometry.applySimilarity(turn, p)));
  for (const name of Object.keys(turn)) assert.ok(Math.abs(found[name] - turn[name]) < 1e-9, name);
  const back = geometry.invertSimilarity(found);
  for (const p of from) {
    const [x, y] = geometry.applySimilarity(back, geometry.applySimilarity(found, p));
    assert.ok(Math.hypot(x - p[0], y - p[1]) < 1e-9);
  }
  assert.equal(geometry.fitSimilarity([[1, 1], [1, 1]], [[2, 2], [3, 3]]), null);
});

const marked = (levels) => {
  let reading = doc.emptyReading({ rows: 100, columns: 100 });
  for (const level of levels) {
    for (const endplate of ['superior', 'inferior']) {
      for (const corner of ['anterior', 'posterior']) {
        const xy = [corner === 'anterior' ? 10 : 50, 20];
        reading = doc.withCorner(reading, { level, endplate, corner }, doc.handMark(xy));
      }
    }
  }
  return reading;
};

const frozen = (value) => {
  if (value && typeof value === 'object') Object.values(value).forEach(frozen);
  return Object.freeze(value);
};

test('no change of a document touches the one before', () => {
  const before = frozen(doc.withFractured(marked(['T12', 'L1']), ['L1']));
  const copy = JSON.stringify(before);
  const ref = { level: 'L1', endplate: 'superior', corner: 'anterior' };
  for (const change of [
    (r) => doc.withCorner(r, ref, doc.handMark([1, 2])),
    (r) => doc.withCorner(r, ref, null),
    (r) => doc.withNotMeasurable(r, 'L1', 'superior', 'outside'),
    (r) => doc.withFractured(r, ['T12', 'L1']),
    (r) => doc.withoutVertebra(r, 'L1'),
    (r) => doc.withFacing(r, 'right'),
    (r) => doc.relabelled(r, 'L1', 'L2'),
    (r) => doc.shifted(r, 1),
  ]) {
    assert.equal(doc.sameMarks(before, change(before)), false);
  }
  assert.equal(JSON.stringify(before), copy);
});

test('labels shift together, fractured level too, and back again', () => {
  const before = doc.withFractured(marked(['T12', 'L1']), ['L1']);
  const down = doc.shifted(before, 1);
  assert.deepEqual(doc.levelsOf(down), ['L1', 'L2']);
  assert.deepEqual(down.fractured_levels, ['L2']);
  assert.ok(doc.sameMarks(doc.shifted(down, -1), before));
});

test('a vertebra cannot take a label that is taken, nor two endplates that of S1', () => {
  const reading = marked(['L4', 'L5']);
  assert.equal(doc.relabelled(reading, 'L4', 'L5'), null);
  assert.equal(doc.relabelled(reading, 'L5', 'S1'), null);
  assert.deepEqual(doc.levelsOf(doc.relabelled(reading, 'L4', 'L3')), ['L3', 'L5']);
});

test('facing puts anterior where the patient faces, twice is once', () => {
  const right = doc.withFacing(marked(['L1']), 'right');
  const plate = doc.endplateOf(right, 'L1', 'superior');
  assert.ok(plate.anterior.xy[0] > plate.posterior.xy[0]);
  assert.ok(doc.sameMarks(doc.withFacing(right, 'right'), right));
});

test('the plan asks for the two angles of a fracture, and stops when they can be given', () => {
  const queue = plan.planFor(['L1'], 'angles');
  const names = queue.map((want) => `${want.level}.${want.endplate}`);
  assert.deepEqual(names, ['T12.superior', 'L1.superior', 'L1.inferior', 'L2.inferior']);
  const empty = doc.emptyReading(null);
  assert.deepEqual(plan.nextTarget(empty, queue), { level: 'T12', endplate: 'superior', corner: 'anterior' });
  assert.deepEqual(plan.progress(empty, queue), { done: 0, total: 8 });
  const done = marked(['T12', 'L1', 'L2']);
  assert.equal(plan.nextTarget(done, queue), null);
  assert.deepEqual(plan.progress(done, queue), { done: 8, total: 8 });
  const refused = doc.withNotMeasurable(done, 'L2', 'inferior', 'outside');
  assert.equal(plan.nextTarget(refused, queue), null);
});

test('neighbouring fractures are one block; T13 counts only where it is marked', () => {
  assert.deepEqual(plan.blocks(['L1', 'T12', 'L3']), [['T12', 'L1'], ['L3']]);
  assert.deepEqual(plan.blocks(['T12', 'L1'], ['T13']), [['T12'], ['L1']]);
});

test('undo and redo go the whole way, and a drag is one step', () => {
  const history = new History(0);
  for (const value of [1, 2, 3]) {
    history.preview(value * 10);
    history.preview(value * 10 + 1);
    assert.equal(history.document, value * 10 + 1);
    history.commit(value, `to ${value}`);
  }
  assert.equal(history.undo(), 'to 3');
  assert.equal(history.undo(), 'to 2');
  assert.equal(history.document, 1);
  assert.equal(history.redo(), 'to 2');
  history.commit(9, 'elsewhere');
  assert.equal(history.canRedo, false);
  history.preview(77);
  assert.equal(history.undo(), null);
  assert.equal(history.document, 9);
});

test('a commit that changes nothing is no step', () => {
  const history = new History('a');
  history.commit('a', 'nothing');
  assert.equal(history.canUndo, false);
});

const turn = await import(`${core}/turn.js`);
const viewport = await import('../../kyphometer/web/static/app/view/viewport.js');
const { drawSquare } = await import('../../kyphometer/web/static/app/view/draw.js');
const { buildPyramid } = await import('../../kyphometer/web/static/app/view/pyramid.js');

const turns = () => {
  const all = [turn.UPRIGHT];
  for (let i = 0; i < 3; i += 1) all.push(turn.turnedRight(all[i]));
  return [...all, ...all.map(turn.mirrored)];
};

test('there are eight turns, each with a name, and four quarters or two mirrors come back', () => {
  const names = turns().map((one) => JSON.stringify(turn.nameOf(one)));
  assert.equal(new Set(names).size, 8);
  for (const one of turns()) {
    let round = one;
    for (let i = 0; i < 4; i += 1) round = turn.turnedRight(round);
    assert.deepEqual([...round], [...one]);
    assert.deepEqual([...turn.mirrored(turn.mirrored(one))], [...one]);
    assert.deepEqual([...turn.turnedLeft(turn.turnedRight(one))], [...one]);
    assert.deepEqual(turn.onFilm(one, turn.onScreen(one, [3, 5])), [3, 5]);
    assert.deepEqual(turn.turnOf(JSON.parse(JSON.stringify(one))), [...one]);
  }
  for (const wrong of [null, 'x', [1, 1, 0, 1], [0, 0, 0, 0], [1, 0, 0], [2, 0, 0, 1], [1, 1, -1, 1]]) {
    assert.equal(turn.turnOf(wrong), turn.UPRIGHT);
  }
  assert.deepEqual(turn.onScreen(turn.turnedRight(turn.UPRIGHT), [0, -1]), [1, 0], 'the head goes to the right');
});

test('film to screen and back is the same place however the film is turned; zooming keeps it', () => {
  const film = { columns: 400, rows: 900 };
  for (const one of turns()) {
    const blank = { cx: 0, cy: 0, zoom: 1, aspect: 1.3, width: 800, height: 600, turn: one };
    const view = viewport.fitted(blank, film);
    for (const corner of [[0, 0], [400, 0], [0, 900], [400, 900]]) {
      const [x, y] = viewport.toScreen(view, corner);
      assert.ok(x > 0 && x < 800 && y > 0 && y < 600, 'all of the film is in the pane');
    }
    const p = [123.4, 567.8];
    const back = viewport.toFilm(view, viewport.toScreen(view, p));
    assert.ok(Math.hypot(back[0] - p[0], back[1] - p[1]) < 1e-9);
    const at = viewport.toScreen(view, p);
    const near = viewport.toScreen(viewport.zoomedAt(view, 2, at, film), p);
    assert.ok(Math.hypot(near[0] - at[0], near[1] - at[1]) < 1e-9);
    const moved = viewport.toScreen(viewport.panned(view, 7, -9, film), p);
    assert.ok(Math.hypot(moved[0] - at[0] - 7, moved[1] - at[1] + 9) < 1e-9, 'panning follows the hand');
  }
});

test('a linked pane goes the same way on the screen, however either film is turned, and back again', () => {
  const near = (/** @type {number} */ x, /** @type {number} */ y) => assert.ok(Math.abs(x - y) < 1e-9, `${x} is not ${y}`);
  for (const turned of turns()) for (const other of turns()) {
    const a = { cx: 40, cy: 60, zoom: 3, aspect: 1.25, width: 300, height: 200, turn: turned };
    const b = { cx: 15, cy: 25, zoom: 1.5, aspect: 0.8, width: 120, height: 90, turn: other };
    const link = viewport.linkOf(a, b, 2);
    const moved = viewport.panned({ ...a, zoom: 6 }, 12, -30, { columns: 500, rows: 500 });
    const beside = viewport.alongside(moved, b, link);
    near(beside.zoom, 3);
    const [mine, its] = [[a, moved], [b, beside]].map(([before, after]) => viewport.toScreen(after, [before.cx, before.cy]));
    near(mine[0] - a.width / 2, its[0] - b.width / 2);
    near(mine[1] - a.height / 2, its[1] - b.height / 2);
    const again = viewport.alongside(beside, moved, viewport.linkBack(link));
    for (const name of ['cx', 'cy', 'zoom']) near(again[name], moved[name]);
  }
});

test('pixels are drawn where the marks on them are, however the film is turned', () => {
  const film = { columns: 5, rows: 7 };
  const data = Uint16Array.from({ length: 35 }, (_, i) => i + 1);
  const table = Uint32Array.from({ length: 65536 }, (_, i) => i);
  for (const one of turns()) {
    const [width, height] = turn.isSideways(one) ? [7, 5] : [5, 7];
    const view = { cx: 2.5, cy: 3.5, zoom: 1, aspect: 1, width, height, turn: one };
    const out = new Uint32Array(35);
    drawSquare(buildPyramid(data, 5, 7), table, out, width, height, viewport.placeOf(view, 1));
    for (let y = 0; y < film.rows; y += 1) {
      for (let x = 0; x < film.columns; x += 1) {
        const [sx, sy] = viewport.toScreen(view, [x + 0.5, y + 0.5]);
        assert.equal(out[Math.floor(sy) * width + Math.floor(sx)], data[y * 5 + x]);
      }
    }
  }
});

test('a film that lies on its side or head down gets its corners sorted by where its marks have the head', () => {
  const upright = marked(['T12', 'L1', 'L2']);
  let reading = upright;
  ['T12', 'L1', 'L2'].forEach((level, i) => {
    for (const [endplate, y] of [['superior', 20], ['inferior', 50]]) {
      for (const corner of ['anterior', 'posterior']) {
        const xy = [corner === 'anterior' ? 50 : 10, y + 60 * i];
        reading = doc.withCorner(reading, { level, endplate, corner }, doc.handMark(xy));
      }
    }
  });
  for (const one of turns()) {
    let shown = reading;
    for (const { level, endplate, plate } of doc.endplatesOf(reading)) {
      for (const corner of ['anterior', 'posterior']) {
        shown = doc.withCorner(shown, { level, endplate, corner }, doc.handMark(turn.onScreen(one, plate[corner].xy)));
      }
    }
    const facing = turn.nameOf(one).mirror ? 'left' : 'right';
    assert.deepEqual(doc.withFacing(shown, facing, doc.upOf(shown)).vertebrae, shown.vertebrae, 'sorted already');
    const wrong = doc.withFacing(shown, facing === 'left' ? 'right' : 'left', doc.upOf(shown));
    assert.deepEqual(wrong.vertebrae.T12.superior.anterior, shown.vertebrae.T12.superior.posterior);
  }
});

const { ArrivingFilm } = await import('../../kyphometer/web/static/app/view/arriving.js');

test('a film looked through while it arrives is the one looked through afterwards', () => {
  for (const [columns, rows] of [[301, 517], [300, 516], [301, 516], [1, 7], [7, 1]]) {
    const data = new Uint16Array(columns * rows).map((_, i) => 100 + ((i * 7919) % 60000));
    const bytes = new Uint8Array(data.buffer);
    for (const piece of [bytes.length, 65536, 4097, 333, 1]) {
      if (piece === 1 && bytes.length > 100) continue;
      const film = new ArrivingFilm(columns, rows);
      for (let at = 0; at < bytes.length; at += piece) {
        assert.equal(film.arrived, null);
        assert.ok(film.add(bytes.subarray(at, at + piece)));
      }
      assert.equal(film.share, 1);
      assert.equal(film.add(new Uint8Array(1)), false);
      const { data: kept, min, max, half } = film.arrived;
      assert.deepEqual(kept, data);
      assert.deepEqual([min, max], [data.reduce((a, b) => Math.min(a, b)), data.reduce((a, b) => Math.max(a, b))]);
      assert.deepEqual(buildPyramid(kept, columns, rows, half), buildPyramid(data, columns, rows));
    }
  }
});

const { parseDecimal, writeDecimal } = await import(`${core}/decimal.js`);

test('numbers are taken with a comma or a point, but not where the mark may be one of thousands', () => {
  for (const mark of [',', '.']) {
    const other = mark === ',' ? '.' : ',';
    assert.equal(parseDecimal(` 12${mark}5 `, mark), 12.5);
    assert.equal(parseDecimal(`1${mark}500`, mark), 1.5);
    assert.equal(parseDecimal(`0${other}75`, mark), 0.75);
    assert.equal(parseDecimal(`0${other}125`, mark), 0.125);
    assert.equal(parseDecimal(`\u22123${mark}2`, mark), -3.2);
    for (const text of [`1${other}500`, `1${other}234${mark}5`, '1e3', '12 mm', '', 'ba', `1${mark}`, `${mark}`, '0x10']) assert.ok(Number.isNaN(parseDecimal(text, mark)), text);
    for (const value of [0.15, 14, -0.1, 0.1 + 0.2, 3650]) assert.ok(Math.abs(parseDecimal(writeDecimal(value, mark), mark) - value) < 1e-9);
  }
  assert.equal(writeDecimal(0.1 + 0.2, ','), '0,3');
});

const { boxOfLabel, boxesOfBody, placeLabels } = await import('../../kyphometer/web/static/app/view/labels.js');

test('names of angles lie on no body, on no other name and in the pane, however narrow', () => {
  const angle = (code, x, y) => ({ key: code, code, lines: [], faint: [], at: [x, y], anchor: 'start', text: `${code} 18.8°`, pair: 'T12 sup – L2 inf' });
  const meets = (a, b) => a.x0 < b.x1 && b.x0 < a.x1 && a.y0 < b.y1 && b.y0 < a.y1;
  for (const width of [190, 240, 330, 700]) {
    const pane = { width, height: 430 };
    const left = width / 2 - 22;
    const bodies = [0, 1, 2, 3, 4, 5].flatMap((i) => boxesOfBody([[left, 80 + 50 * i], [left + 50, 75 + 50 * i]], [[left, 115 + 50 * i], [left + 50, 110 + 50 * i]]));
    const wished = [angle('RKA', left - 40, 200), angle('VKA', left - 15, 230)];
    const placed = placeLabels(wished, bodies, pane);
    const boxes = placed.map((one) => boxOfLabel(one, one.at, one.anchor, Boolean(one.compact)));
    assert.ok(!meets(boxes[0], boxes[1]), `${width}: each other`);
    for (const box of boxes) {
      assert.ok(bodies.every((body) => !meets(box, body)), `${width}: a body`);
      assert.ok(box.x0 >= 0 && box.x1 <= pane.width && box.y0 >= 0 && box.y1 <= pane.height, `${width}: the pane`);
    }
  }
  const free = [angle('RKA', 20, 150)];
  assert.deepEqual(placeLabels(free, [], { width: 700, height: 430 }), free, 'what is free stays where it was');
});

const { sceneOf } = await import('../../kyphometer/web/static/app/view/scene.js');

test('what the default plan marks: an angle\'s name lies on no body of which one endplate is marked', () => {
  const plate = (y) => ({ anterior: { xy: [40, y] }, posterior: { xy: [110, y] } });
  const reading = {
    fractured: ['L1'],
    vertebrae: { T12: { superior: plate(110), inferior: null }, L1: { superior: plate(190), inferior: plate(250) }, L2: { superior: null, inferior: plate(330) } },
  };
  const line = (level, endplate) => ({ level, endplate });
  const angles = [{ code: 'RKA', upper: line('T12', 'superior'), lower: line('L2', 'inferior'), value: 18.1, text: 'RKA 18.1°', pair: 'T12 sup – L2 inf' }];
  const options = { forward: [-1, 0], selected: null, angles, flagged: new Set(), settled: false, width: 240, height: 560, short: (side) => side.slice(0, 3) };
  const { angles: [shape], names } = sceneOf(reading, ([x, y]) => [x, y], options);
  const box = boxOfLabel(shape, shape.at, shape.anchor, Boolean(shape.compact));
  for (const [y0, y1] of [[110, 169], [190, 250], [271, 330]]) {
    assert.ok(box.x1 <= 40 || box.x0 >= 110 || box.y1 <= y0 || box.y0 >= y1, JSON.stringify({ box, y0, y1 }));
  }
  assert.deepEqual(names.map((name) => name.text), ['T12 sup', 'L1', 'L2 inf']);
  const narrow = sceneOf(reading, ([x, y]) => [x, y], { ...options, width: 170, height: 450 }).names;
  assert.deepEqual(narrow.map((name) => name.text), ['T12', 'L1', 'L2'], 'no name is cut');
  const l1 = narrow[1].p[1];
  assert.ok(l1 < 450 / 2 - 14, `above the letter of posterior: ${l1}`);
});

/** The page's pure core: its angle against the oracle that Python meets too, documents, plan, undo. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const core = '../../kyphometer/web/static/app/core';
const geometry = await import(`${core}/geometry.js`);
const doc = await import(`${core}/document.js`);
const plan = await import(`${core}/plan.js`);
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

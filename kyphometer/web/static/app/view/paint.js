/**
 * The same scene on a canvas: for the magnifier and for exported pictures.
 * @typedef {import('./scene.js').Scene} Scene
 */

export const MARK_COLOUR = '#5fd4e8';
const HALO = 'rgba(0, 0, 0, 0.85)';
const LIGHT = '#f4f6f7';

/** @param {CanvasRenderingContext2D} ctx @param {[number, number][]} points */
function trace(ctx, points) {
  ctx.beginPath();
  points.forEach(([x, y], i) => (i === 0 ? ctx.moveTo(x, y) : ctx.lineTo(x, y)));
}

/** @param {CanvasRenderingContext2D} ctx @param {[number, number][]} points
 * @param {string} colour @param {number} width */
function haloed(ctx, points, colour, width) {
  trace(ctx, points);
  ctx.strokeStyle = HALO;
  ctx.lineWidth = width + 2;
  ctx.stroke();
  ctx.strokeStyle = colour;
  ctx.lineWidth = width;
  ctx.stroke();
}

/** @param {CanvasRenderingContext2D} ctx @param {string} text @param {[number, number]} at
 * @param {string} anchor @param {number} size @param {string} colour */
function label(ctx, text, at, anchor, size, colour) {
  ctx.font = `600 ${size}px system-ui, sans-serif`;
  ctx.textAlign = anchor === 'end' ? 'right' : anchor === 'middle' ? 'center' : 'left';
  ctx.lineJoin = 'round';
  ctx.strokeStyle = HALO;
  ctx.lineWidth = size / 4;
  ctx.strokeText(text, at[0], at[1]);
  ctx.fillStyle = colour;
  ctx.fillText(text, at[0], at[1]);
}

/** @param {CanvasRenderingContext2D} ctx @param {Scene} scene @param {number} k size of a stroke */
export function paintLines(ctx, scene, k = 1) {
  for (const plate of scene.plates) haloed(ctx, [plate.a, plate.b], MARK_COLOUR, 1.4 * k);
}

/** Everything, for a picture. @param {CanvasRenderingContext2D} ctx @param {Scene} scene
 * @param {number} k */
export function paintScene(ctx, scene, k = 1) {
  for (const angle of scene.angles) {
    ctx.setLineDash(angle.code === 'VKA' ? [] : [9 * k, 5 * k]);
    for (const line of angle.lines) haloed(ctx, line, LIGHT, 1.2 * k);
    ctx.setLineDash([2 * k, 4 * k]);
    for (const line of angle.faint) haloed(ctx, line, LIGHT, 1 * k);
    ctx.setLineDash([]);
  }
  paintLines(ctx, scene, k);
  for (const corner of scene.corners) paintCorner(ctx, corner, k);
  for (const name of scene.names) label(ctx, name.text, name.p, name.anchor, 14 * k, LIGHT);
  for (const angle of scene.angles) {
    label(ctx, angle.text, angle.at, angle.anchor, 16 * k, LIGHT);
    const below = /** @type {[number, number]} */ ([angle.at[0], angle.at[1] + 15 * k]);
    label(ctx, angle.pair, below, angle.anchor, 11 * k, LIGHT);
  }
}

/** Where anterior is, at the edges of a picture. @param {CanvasRenderingContext2D} ctx
 * @param {Record<'left'|'right'|'up'|'down', string>} letters @param {number} k */
export function paintLetters(ctx, letters, k) {
  const { width, height } = ctx.canvas;
  const away = 18 * k;
  const down = 6 * k;
  label(ctx, letters.left, [away, height / 2 + down], 'middle', 16 * k, LIGHT);
  label(ctx, letters.right, [width - away, height / 2 + down], 'middle', 16 * k, LIGHT);
  label(ctx, letters.up, [width / 2, away + down], 'middle', 16 * k, LIGHT);
  label(ctx, letters.down, [width / 2, height - away + down], 'middle', 16 * k, LIGHT);
}

/** @param {CanvasRenderingContext2D} ctx @param {import('./scene.js').CornerShape} corner
 * @param {number} k */
function paintCorner(ctx, corner, k) {
  const [x, y] = corner.p;
  const r = 5 * k;
  ctx.beginPath();
  if (corner.corner === 'posterior') ctx.rect(x - r, y - r, 2 * r, 2 * r);
  else if (corner.corner === 'anterior') ctx.arc(x, y, r, 0, 2 * Math.PI);
  else {
    ctx.moveTo(x, y - r);
    ctx.lineTo(x + r, y + r * 0.8);
    ctx.lineTo(x - r, y + r * 0.8);
    ctx.closePath();
  }
  ctx.strokeStyle = HALO;
  ctx.lineWidth = 3.4 * k;
  ctx.stroke();
  ctx.strokeStyle = MARK_COLOUR;
  ctx.lineWidth = 1.4 * k;
  ctx.stroke();
}

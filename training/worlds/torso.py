"""What lies around a whole column on a lateral film, painted: ribs, pelvis, lungs, arms, skin.

Only the ribs and the sacrum know where the bodies are; nothing here has physics.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from worlds.column import FIRST_LUMBAR, FIRST_THORACIC, Column
from worlds.noise import texture
from worlds.paint import Canvas, ellipse

Array = NDArray[np.float64]


def surround(canvas: Canvas, column: Column, rng: np.random.Generator) -> None:
    """Add everything around a column."""
    for chance, add in (
        (0.95, _ribs),
        (0.97, _sacrum),
        (0.85, _pelvis),
        (0.8, _lungs),
        (0.6, _shoulder),
        (0.8, _skin),
    ):
        if rng.random() < chance:
            add(canvas, column, rng)


def band(canvas: Canvas, line: Array, width: float, rng: np.random.Generator) -> None:
    """A bone seen from the side: faint inside, an edge on either side."""
    step = np.gradient(line, axis=0)
    normal = np.stack((-step[:, 1], step[:, 0]), axis=1)
    normal /= np.maximum(np.hypot(*normal.T), 1e-6)[:, None]
    fill, edge = rng.uniform(0.0, 0.3), rng.uniform(0.05, 0.45)
    wall = rng.uniform(0.6, 1.8)
    sides = [line + side * width / 2 * normal for side in (1, -1)]
    part = canvas.part(np.concatenate(sides), 3.0)
    soft = rng.uniform(0.3, 1.5) / canvas.mm
    layer = np.float32(fill) * part.filled(np.concatenate((sides[0], sides[1][::-1])))
    for side in sides:
        layer += np.float32(edge) * part.drawn(side, wall)
    part.image[:] += cv2.GaussianBlur(layer, (0, 0), soft)


def curve(nodes: Array) -> Array:
    """A cubic Bezier curve."""
    t = np.linspace(0, 1, 24)[:, None]
    a, b, c, d = nodes
    points: Array = (1 - t) ** 3 * a + 3 * t * (1 - t) ** 2 * b + 3 * t * t * (1 - t) * c + t**3 * d
    return points


def _ribs(canvas: Canvas, column: Column, rng: np.random.Generator) -> None:
    """Two ribs from every thoracic body: back, down, and round to the front; the last are short."""
    spread, drop = rng.uniform(0.7, 1.3), rng.uniform(0.7, 1.3)
    strength, other = rng.uniform(0.4, 1.2), rng.uniform(0.75, 1.0)
    last = FIRST_LUMBAR - 1
    for at in range(FIRST_THORACIC, last + 1):
        corners = column.shapes[at].corners
        size = float(np.hypot(*(corners[1] - corners[0])))
        back = (corners[1] - corners[0]) / size
        down = np.array([-back[1], back[0]])
        up = at - FIRST_THORACIC
        reach = np.interp(up, (0, 3, 7, 9, 10, 11), (1.5, 3.5, 5.0, 4.0, 1.5, 0.3)) * spread
        if at == last:
            reach = rng.uniform(-1.2, 1.0)
        behind = np.interp(up, (0, 4, 9, 11), (0.8, 1.5, 1.3, 0.9)) * rng.uniform(0.85, 1.15)
        for scale in (1.0, other):
            start = corners[1] + rng.normal(0, 1.0, 2)
            nodes = np.array(
                [
                    start,
                    start + size * scale * (behind * 1.2 * back + 0.2 * drop * down),
                    start + size * scale * (behind * back + (1.6 + 0.1 * up) * drop * down),
                    start + size * scale * (-reach * back + (1.8 + 0.2 * up) * drop * down),
                ]
            )
            if rng.random() < strength:
                band(canvas, curve(nodes), rng.uniform(6, 11) * size / 30, rng)


def _sacrum(canvas: Canvas, column: Column, rng: np.random.Generator) -> None:
    """A wedge that curves backwards, its segments fused."""
    front, behind = column.s1
    size = float(np.hypot(*(behind - front)))
    back = (behind - front) / size
    down = np.array([-back[1], back[0]])
    bend = rng.uniform(0.0, 0.5)
    lines = []
    for start, inwards in ((front, 0.28), (behind, -0.12)):
        t = np.linspace(0, 1, 8)[:, None]
        lines.append(start + size * t * (inwards * back + 3.1 * down) + size * bend * t * t * back)
    part = canvas.part(np.concatenate(lines), 4.0)
    shade = np.float32(rng.uniform(-0.1, 0.6))
    inside = part.filled(np.concatenate((lines[0], lines[1][::-1])))
    layer = shade * inside + np.float32(rng.uniform(0, 0.2)) * inside * texture(inside.shape, rng)
    for line in (*lines, column.s1):
        layer += np.float32(rng.uniform(0.05, 0.7)) * part.drawn(line, rng.uniform(0.8, 2.0))
    for row in range(1, 5) if rng.random() < 0.7 else ():
        ends = np.stack([line[round(row * 1.6)] for line in lines])
        for shift in (-1.5, 1.5):
            layer += np.float32(rng.uniform(0, 0.3)) * part.drawn(ends + shift * down, 1.0)
    part.image[:] += cv2.GaussianBlur(layer, (0, 0), rng.uniform(0.3, 1.2) / canvas.mm)


def _pelvis(canvas: Canvas, column: Column, rng: np.random.Generator) -> None:
    """Both iliac crests and femoral heads."""
    front, behind = column.s1
    size, middle = float(np.hypot(*(behind - front))), (front + behind) / 2
    for _ in range(2):
        at = middle + size * (np.array([-1.0, 2.7]) + rng.normal(0, 0.25, 2))
        radius = size * rng.uniform(0.6, 0.85)
        part = canvas.part(at[None], radius * 1.6)
        head = ellipse(part, at, radius, radius, 0.0)
        rim = head - ellipse(part, at, radius - 2.5, radius - 2.5, 0.0)
        layer = np.float32(rng.uniform(0, 0.4)) * head + np.float32(rng.uniform(0.1, 0.6)) * rim
        part.image[:] += cv2.GaussianBlur(layer, (0, 0), rng.uniform(0.4, 1.5) / canvas.mm)
        nodes = middle + size * (
            np.array([[1.4, 0.3], [0.4, -1.9], [-1.6, -1.9], [-2.4, 0.2]])
            + rng.normal(0, 0.25, (4, 2))
        )
        band(canvas, curve(nodes), rng.uniform(3, 9), rng)
        nodes = middle + size * (
            np.array([[0.7, 0.4], [0.3, 1.4], [-0.2, 1.7], [-0.8, 2.2]])
            + rng.normal(0, 0.2, (4, 2))
        )
        band(canvas, curve(nodes), rng.uniform(2, 7), rng)


def _lungs(canvas: Canvas, column: Column, rng: np.random.Generator) -> None:
    """Dark above two domes, brighter below; a heart."""
    at = FIRST_THORACIC + int(rng.integers(7, 12))
    level = column.shapes[at].corners.mean(axis=0)
    rows, columns = canvas.image.shape
    xs = (np.arange(columns) + 0.5) * canvas.mm + canvas.origin[0]
    ys = ((np.arange(rows) + 0.5) * canvas.mm + canvas.origin[1])[:, None]
    for _ in range(2):
        bow, lean = rng.uniform(0.0005, 0.004), rng.normal(0.1, 0.2)
        centre = level + rng.normal(0, 15, 2) - (rng.uniform(20, 70), 20)
        dome = centre[1] + bow * (xs - centre[0]) ** 2 + lean * (xs - centre[0])
        below = 1 / (1 + np.exp(-np.clip((ys - dome[None]) / rng.uniform(0.5, 3), -30, 30)))
        canvas.image[:] += np.float32(rng.uniform(0.05, 0.5)) * below.astype(np.float32)
    heart = level + np.array([-rng.uniform(50, 90), -rng.uniform(20, 60)])
    part = canvas.part(heart[None], 70.0)
    blob = ellipse(part, heart, rng.uniform(30, 50), rng.uniform(25, 60), rng.uniform(0, 180))
    soft = cv2.GaussianBlur(blob, (0, 0), rng.uniform(2, 8) / canvas.mm)
    part.image[:] += np.float32(rng.uniform(0, 0.4)) * soft


def _shoulder(canvas: Canvas, column: Column, rng: np.random.Generator) -> None:
    """Heads of both humeri, shafts and shoulder blades over the uppermost bodies."""
    middle = column.shapes[FIRST_THORACIC].corners.mean(axis=0)
    for _ in range(2):
        at = middle + rng.normal((-15, 5), (25, 22))
        part = canvas.part(at[None], 40.0)
        head = ellipse(part, at, 23, 23, 0.0)
        soft = cv2.GaussianBlur(head, (0, 0), rng.uniform(0.5, 2.5) / canvas.mm)
        part.image[:] += np.float32(rng.uniform(0.05, 0.5)) * soft
        way = rng.normal((-60, 50), (40, 60))
        band(canvas, curve(np.array([at, at + way, at + 2 * way, at + 3 * way])), 24.0, rng)
        blade = middle + np.array([rng.uniform(15, 60), rng.uniform(0, 40)])
        nodes = blade + np.array([[0, 0], [5, 40], [-5, 80], [-15, 110]]) * rng.uniform(0.8, 1.2)
        band(canvas, curve(nodes), rng.uniform(3, 12), rng)


def _skin(canvas: Canvas, column: Column, rng: np.random.Generator) -> None:
    """Air behind the back, sometimes in front."""
    rows, columns = canvas.image.shape
    centres = np.array([s.corners.mean(axis=0) for s in column.shapes])
    ys = (np.arange(rows) + 0.5) * canvas.mm + canvas.origin[1]
    xs = (np.arange(columns) + 0.5) * canvas.mm + canvas.origin[0]
    spine = np.interp(ys, centres[:, 1], centres[:, 0])
    wave = 8 * np.sin(ys / rng.uniform(40, 120) + rng.uniform(0, 6))
    back = spine.mean() * 0.4 + spine * 0.6 + rng.uniform(70, 120) + wave
    air = np.clip((xs[None] - back[:, None]) / rng.uniform(1, 12), 0, 1)
    if rng.random() < 0.5:
        front = spine.mean() - rng.uniform(110, 220) + wave * rng.uniform(-2, 2)
        air = np.maximum(air, np.clip((front[:, None] - xs[None]) / rng.uniform(1, 12), 0, 1))
    depth = np.float32(rng.uniform(0.2, 1.5))
    canvas.image[:] -= depth * air.astype(np.float32)

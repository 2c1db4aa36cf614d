"""What may happen to a crop between the patient and the reader's screen."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.float32]


def augmented(crop: Image, rng: np.random.Generator) -> Image:
    """A crop (any grey scale) as another detector, another processing or a copy would show it."""
    low, high = np.percentile(crop[::2, ::2], (1.0, 99.0))
    image = ((crop - low) / max(float(high - low), 1e-6)).astype(np.float32)
    for chance, change in (
        (0.2, _texture),
        (0.2, _bands),
        (0.3, _flatten),
        (0.5, _gamma),
        (0.35, _gradient),
        (0.3, _blur),
        (0.35, _sharpen),
        (0.25, _noise),
        (0.2, _equalise),
        (0.1, _sigmoid),
        (0.1, _digitise),
        (0.12, _overlay),
        (0.15, _clip),
        (0.1, _jpeg),
    ):
        if rng.random() < chance:
            image = change(image, rng)
    return image


def _texture(image: Image, rng: np.random.Generator) -> Image:
    """Texture as strong as the rims, at one scale."""
    noise = cv2.GaussianBlur(
        rng.standard_normal(image.shape, dtype=np.float32), (0, 0), rng.uniform(0.6, 3.0)
    )
    return image + np.float32(rng.uniform(0.03, 0.16) / noise.std()) * noise


def _bands(image: Image, rng: np.random.Generator) -> Image:
    """Ribs and vessels across the body: bright and dark bands and spots."""
    size = image.shape[0]
    layer = np.zeros(image.shape, np.float32)
    slant = rng.normal(0, 0.4)
    for _ in range(int(rng.integers(1, 7))):
        a = np.array([-5.0, rng.uniform(0, size)])
        b = np.array([size + 5.0, a[1] + size * (slant + rng.normal(0, 0.15))])
        cv2.line(layer, _whole(a), _whole(b), rng.uniform(-0.5, 1.0), int(rng.integers(1, 14)))
    for _ in range(int(rng.integers(0, 7))):
        axes = tuple(int(v) for v in rng.integers(2, 12, 2))
        at, shade = _whole(rng.uniform(0, size, 2)), rng.uniform(-0.7, 0.8)
        cv2.ellipse(layer, at, axes, rng.uniform(0, 180), 0, 360, shade, -1)
    soft = cv2.GaussianBlur(layer, (0, 0), rng.uniform(0.5, 2.5))
    return image + np.float32(rng.uniform(0.1, 0.5)) * soft


def _flatten(image: Image, rng: np.random.Generator) -> Image:
    """A high-pass as strong detectors apply: bodies no brighter than discs."""
    wide = cv2.GaussianBlur(image, (0, 0), float(np.exp(rng.uniform(1.6, 3.2))))
    return image - np.float32(rng.uniform(0.5, 1.0)) * wide


def _sigmoid(image: Image, rng: np.random.Generator) -> Image:
    """The curve of a film or of a vendor's table."""
    slope, middle = rng.uniform(3, 9), rng.uniform(0.25, 0.75)
    return (1 / (1 + np.exp(-slope * (image - middle)))).astype(np.float32)


def _digitise(image: Image, rng: np.random.Generator) -> Image:
    """A film on a light box: few grey levels, grain, dust."""
    levels = float(rng.integers(24, 120))
    grain = rng.standard_normal(image.shape, dtype=np.float32) * np.float32(rng.uniform(0, 0.03))
    out = np.round((image + grain) * levels) / np.float32(levels)
    for _ in range(int(rng.integers(0, 8))):
        cv2.circle(out, _whole(rng.uniform(0, len(out), 2)), 1, float(rng.choice((0.0, 1.0))), -1)
    return out.astype(np.float32)


def _gamma(image: Image, rng: np.random.Generator) -> Image:
    power = float(np.exp(rng.normal(0.0, 0.35)))
    return (np.sign(image) * np.abs(image) ** power).astype(np.float32)


def _gradient(image: Image, rng: np.random.Generator) -> Image:
    """Heel effect, lung against belly, collimator scatter."""
    size = image.shape[0]
    axis = np.linspace(-1.0, 1.0, size, dtype=np.float32)
    slope = rng.normal(0.0, 0.25, 2).astype(np.float32)
    return image + slope[0] * axis[None, :] + slope[1] * axis[:, None]


def _blur(image: Image, rng: np.random.Generator) -> Image:
    return cv2.GaussianBlur(image, (0, 0), rng.uniform(0.3, 1.1))


def _sharpen(image: Image, rng: np.random.Generator) -> Image:
    """Unsharp mask at a random scale: detectors differ most in this."""
    wide = cv2.GaussianBlur(image, (0, 0), float(np.exp(rng.uniform(0.0, 2.6))))
    return image + np.float32(rng.uniform(0.2, 1.5)) * (image - wide)


def _noise(image: Image, rng: np.random.Generator) -> Image:
    """White or slightly correlated noise."""
    noise = rng.standard_normal(image.shape, dtype=np.float32)
    if rng.random() < 0.5:
        noise = cv2.GaussianBlur(noise, (0, 0), 0.7) * 2.0
    return image + noise * np.float32(abs(rng.normal(0.0, 0.04)))


def _equalise(image: Image, rng: np.random.Generator) -> Image:
    """Contrast-limited local equalisation, as many detectors ship."""
    grey = np.clip(image * 200 + 28, 0, 255).astype(np.uint8)
    tiles = int(rng.integers(1, 4))
    equal = cv2.createCLAHE(float(rng.uniform(1.5, 5.0)), (tiles, tiles)).apply(grey)
    return (equal / 255.0).astype(np.float32)


def _overlay(image: Image, rng: np.random.Generator) -> Image:
    """Burned-in letters, drawn lines, an edge of a collimator or of another implant."""
    image = np.ascontiguousarray(image)
    size = image.shape[0]
    level = float(rng.choice((1.3, -0.2)))
    kind = rng.integers(0, 4)
    a, b = rng.uniform(-0.1, 1.1, (2, 2)) * size
    if kind == 0:
        cv2.line(image, _whole(a), _whole(b), level, int(rng.integers(1, 4)))
    elif kind == 1:
        text = "".join(rng.choice(list("LR0123456789cmT"), 4))
        letters = np.zeros(image.shape, np.uint8)
        cv2.putText(letters, text, _whole(a), 0, float(rng.uniform(0.3, 1.0)), 255, 1)
        image[letters > 127] = level
    elif kind == 2:
        cv2.circle(image, _whole(a), int(rng.integers(2, 14)), level, -1)
    else:
        edge = int(rng.uniform(0.0, 0.16) * size)
        turned = np.rot90(image, int(rng.integers(0, 4)))
        turned[:, :edge] = level
    return image


def _whole(point: NDArray[np.float64]) -> tuple[int, int]:
    return int(point[0]), int(point[1])


def _clip(image: Image, rng: np.random.Generator) -> Image:
    """A window that cuts off the darkest or the brightest part."""
    return np.clip(image, rng.uniform(-0.2, 0.2), rng.uniform(0.75, 1.2)).astype(np.float32)


def _jpeg(image: Image, rng: np.random.Generator) -> Image:
    grey = np.clip(image * 200 + 28, 0, 255).astype(np.uint8)
    quality = int(rng.integers(25, 80))
    _, code = cv2.imencode(".jpg", grey, (cv2.IMWRITE_JPEG_QUALITY, quality))
    return (cv2.imdecode(code, cv2.IMREAD_GRAYSCALE) / 255.0).astype(np.float32)

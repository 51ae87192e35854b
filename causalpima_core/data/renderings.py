"""How the examples' factors are measured: small images and curves with nuisance and noise."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Images = NDArray[np.float32]
Outcomes = NDArray[np.int64]

DIGIT_CLASSES = (0, 4, 7)
STRAIN = np.linspace(0.0, 0.03, 100)
"""Strain axis of the lattice example's curves, dimensionless."""


def draw_circles(outcomes: Outcomes, rng: Generator) -> dict[str, Images]:
    """A soft disc on black, 3 × 32 × 32: red or blue, small or large, left or right."""
    n = len(outcomes)
    hue, large, right = outcomes.T
    radius = np.where(large, 9.0, 5.0) + rng.normal(0, 0.3, n)
    x = np.where(right, 20.5, 10.5) + rng.normal(0, 0.6, n)
    y = 15.5 + rng.normal(0, 0.6, n)
    rows, columns = np.mgrid[0:32, 0:32]
    distance = np.hypot(columns - x[:, None, None], rows - y[:, None, None])
    disc = 1 / (1 + np.exp((distance - radius[:, None, None]) / 0.5))
    colour = np.where(hue[:, None], (0.15, 0.30, 0.85), (0.85, 0.25, 0.15))
    colour = colour + rng.normal(0, 0.04, (n, 3))
    image = disc[:, None] * colour[:, :, None, None]
    return {"image": _noisy(image, 0.03, rng)}


def draw_coloured_digits(outcomes: Outcomes, rng: Generator) -> dict[str, Images]:
    """Handwriting 3 × 16 × 16, tinted and dimmed, and a 20-point curve sloped by the class."""
    # A second that pages which only name the examples need not spend.
    from scipy.ndimage import zoom
    from sklearn.datasets import load_digits

    n = len(outcomes)
    kind, colour, bright = outcomes.T
    digits = load_digits()
    ink = np.zeros((n, 16, 16))
    for k, digit in enumerate(DIGIT_CLASSES):
        rows = np.flatnonzero(kind == k)
        chosen = rng.choice(np.flatnonzero(digits.target == digit), len(rows))
        ink[rows] = zoom(digits.images[chosen] / 16.0, (1, 2, 2), order=1)
    tint = np.where(colour[:, None], (0.20, 0.65, 0.75), (0.90, 0.50, 0.15))
    level = np.where(bright, 1.0, 0.55) + rng.normal(0, 0.03, n)
    image = ink[:, None] * (tint + rng.normal(0, 0.03, (n, 3)))[:, :, None, None]
    image = image * level[:, None, None, None]
    t = np.linspace(0, 1, 20)
    slope = (kind - 1.0) + rng.normal(0, 0.12, n)
    offset = rng.normal(0, 0.1, n)
    curve = offset[:, None] + slope[:, None] * t + rng.normal(0, 0.1, (n, 20))
    return {"image": _noisy(image, 0.02, rng), "curve": curve.astype(np.float32)}


def draw_lattice(outcomes: Outcomes, rng: Generator) -> dict[str, Images]:
    """A unit cell 1 × 32 × 32 with random phase, and stress in MPa at 100 points of `STRAIN`.

    Stiffness and yield stress follow the scaling laws of cellular solids (Gibson & Ashby,
    Cellular Solids, 1997): bending-dominated gyroid-like cells E ~ ρ², σ_y ~ ρ^1.5;
    stretch-dominated octet-like cells E ~ ρ, σ_y ~ ρ.
    """
    n = len(outcomes)
    octet, dense, treated = outcomes.T
    density = np.where(dense, 0.42, 0.26) + rng.normal(0, 0.012, n)
    image = np.stack([_unit_cell(o, d, rng) for o, d in zip(octet, density, strict=True)])
    stiffness = 110e3 * np.where(octet, 0.33 * density, density**2)
    strength = 900.0 * np.where(octet, 0.33 * density, 0.30 * density**1.5)
    strength = strength * np.where(treated, 0.65, 1.0) * rng.normal(1, 0.03, n)
    hardening = stiffness * np.where(treated, 0.14, 0.05) * rng.normal(1, 0.05, n)
    stiffness = stiffness * rng.normal(1, 0.03, n)
    yields = (strength / stiffness)[:, None]
    elastic = stiffness[:, None] * np.minimum(STRAIN, yields)
    curve = elastic + hardening[:, None] * np.maximum(STRAIN - yields, 0)
    curve = curve + rng.normal(0, 1.0, curve.shape)
    return {"image": _noisy(image[:, None], 0.03, rng), "curve": curve.astype(np.float32)}


def draw_shapes(outcomes: Outcomes, rng: Generator) -> dict[str, Images]:
    """A square on grey, 3 × 32 × 32: green or violet, small or large, left or right, high or low.

    Places are further apart than the square is wide, so two squares that differ in x, in y or in
    both overlap nowhere and lie equally far apart in pixels.
    """
    n = len(outcomes)
    violet, large, right, low = outcomes.T
    half = (np.where(large, 4.5, 3.0) + rng.normal(0, 0.2, n))[:, None, None]
    x = np.where(right, 22.5, 8.5) + rng.normal(0, 0.7, n)
    y = np.where(low, 22.5, 8.5) + rng.normal(0, 0.7, n)
    rows, columns = np.mgrid[0:32, 0:32]
    beyond = np.maximum(np.abs(columns - x[:, None, None]), np.abs(rows - y[:, None, None]))
    square = 1 / (1 + np.exp((beyond - half) / 0.4))
    colour = np.where(violet[:, None], (0.55, 0.25, 0.80), (0.20, 0.70, 0.35))
    colour = colour + rng.normal(0, 0.04, (n, 3))
    ground = 0.40 + rng.normal(0, 0.02, n)[:, None, None]
    tilt = rng.normal(0, 0.04, (n, 2))[:, :, None, None]
    ground = ground + tilt[:, 0] * (columns / 31 - 0.5) + tilt[:, 1] * (rows / 31 - 0.5)
    image = ground[:, None] + square[:, None] * (colour[:, :, None, None] - ground[:, None])
    return {"image": _noisy(image, 0.03, rng)}


def _unit_cell(octet: int, density: float, rng: Generator) -> NDArray[np.float64]:
    """Solid (1) and void (0) of one cell; the threshold is set so that the share solid is right."""
    phase = rng.uniform(0, 2 * np.pi, 3)
    rows, columns = np.mgrid[0:32, 0:32] * (2 * np.pi / 32)
    x, y = columns + phase[0], rows + phase[1]
    if octet:
        lines = (np.sin(x / 2), np.sin(y / 2), np.sin((x + y) / 2), np.sin((x - y) / 2))
        field = np.abs(np.stack(lines)).min(0)
    else:
        z = phase[2]
        field = np.abs(np.sin(x) * np.cos(y) + np.sin(y) * np.cos(z) + np.sin(z) * np.cos(x))
    threshold = np.quantile(field, density)
    return 1 / (1 + np.exp((field - threshold) / 0.04))


def _noisy(image: NDArray[np.float64], noise: float, rng: Generator) -> Images:
    return (image + rng.normal(0, noise, image.shape)).astype(np.float32)

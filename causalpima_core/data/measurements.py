"""How the examples of powders and battery cells are measured: curves, and tables in many units."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Outcomes = NDArray[np.int64]
Columns = NDArray[np.float64]
Arrays = dict[str, NDArray[np.float32]]
Lines = tuple[tuple[float, float], ...]
"""Position and relative height of each line of a spectrum."""

TWO_THETA = np.linspace(20.0, 60.0, 128)
"""Diffraction angle in degrees, for Cu Kα."""
RAMAN_SHIFT = np.linspace(90.0, 850.0, 128)
"""In 1/cm."""
DISCHARGED = np.linspace(0.0, 1.0, 100)
"""Share of the charge taken out of a battery cell."""
_EMPTYING = 0.6 * np.exp((DISCHARGED - 1) / 0.03)
OXIDE_VOLTAGE = 4.15 - 0.75 * DISCHARGED - _EMPTYING
PHOSPHATE_VOLTAGE = 3.28 - 0.08 * DISCHARGED + 0.2 * np.exp(-DISCHARGED / 0.03) - _EMPTYING
"""Without losses, in V."""
CURRENT = 3.0
"""In A."""
SEPARATION = 1.8
"""Difference between the two states of storage over the scatter within each (d')."""

DIFFRACTION_LINES: tuple[Lines, ...] = (
    ((25.3, 1.0), (37.8, 0.2), (48.0, 0.35), (53.9, 0.2), (55.1, 0.2)),
    ((27.4, 1.0), (36.1, 0.5), (41.2, 0.25), (54.3, 0.6), (56.6, 0.2)),
    ((25.3, 1.0), (25.7, 0.8), (30.8, 0.9), (36.2, 0.25), (48.0, 0.3), (55.2, 0.3)),
)
"""Of anatase, rutile and brookite (titanium dioxide), rounded; the first and third share many."""
RAMAN_LINES: tuple[Lines, ...] = (
    ((144.0, 1.0), (197.0, 0.1), (399.0, 0.3), (515.0, 0.3), (639.0, 0.4)),
    ((143.0, 0.1), (240.0, 0.4), (447.0, 1.0), (612.0, 1.0)),
    ((153.0, 1.0), (247.0, 0.3), (322.0, 0.25), (366.0, 0.25), (636.0, 0.35)),
)
"""Of the same."""
DOPANT_BAND: Lines = ((760.0, 1.0),)


def measure_powders(outcomes: Outcomes, rng: Generator) -> Arrays:
    """Diffraction and Raman intensities, and five properties, of doped titanium dioxide.

    Phase sets the lines of both spectra, the band gap and the density; the dopant adds a Raman
    band of its own, narrows the gap and conducts; annealing turns the crystallites (texture: the
    first diffraction line grows at the others' expense) and costs surface. Table: band gap in eV,
    conductivity in S/m, surface in m²/g, density in g/cm³, thickness in nm (which means nothing).
    """
    diffraction, raman = _spectra(outcomes, rng)
    return _float32(
        {"diffraction": diffraction, "raman": raman, "table": _properties(outcomes, rng)}
    )


def _spectra(outcomes: Outcomes, rng: Generator) -> tuple[Columns, Columns]:
    """Diffraction and Raman intensities as counted, ``(n, points)`` each."""
    n = len(outcomes)
    phase, doped, annealed = outcomes.T
    texture = np.where(annealed, 0.45, 1.0) * rng.lognormal(0, 0.06, n)
    zero, shift = rng.normal(0, 0.12, n), rng.normal(0, 2.0, n)
    width, broad = 0.45 * rng.lognormal(0, 0.15, n), 12.0 * rng.lognormal(0, 0.15, n)
    diffraction = np.zeros((n, len(TWO_THETA)))
    own = doped * 0.35 * rng.lognormal(0, 0.08, n)
    raman = own[:, None] * _peaks(RAMAN_SHIFT, DOPANT_BAND, shift, broad)
    for k, (lines, bands) in enumerate(zip(DIFFRACTION_LINES, RAMAN_LINES, strict=True)):
        rows = phase == k
        heights = np.where(np.arange(len(lines)) > 0, texture[rows, None], 1.0)
        diffraction[rows] = _peaks(TWO_THETA, lines, zero[rows], width[rows], heights)
        raman[rows] += _peaks(RAMAN_SHIFT, bands, shift[rows], broad[rows])
    return (
        _as_recorded(diffraction, np.exp(-(TWO_THETA - 20.0) / 12.0), rng),
        _as_recorded(raman, np.linspace(1.0, 0.3, len(RAMAN_SHIFT)), rng),
    )


def _properties(outcomes: Outcomes, rng: Generator) -> Columns:
    """Band gap, conductivity, surface, density and thickness, ``(n, 5)``."""
    n = len(outcomes)
    phase, doped, annealed = outcomes.T
    return np.stack(
        [
            np.array([3.20, 3.00, 3.35])[phase] - 0.15 * doped + rng.normal(0, 0.02, n),
            np.where(doped, 0.1, 0.01) * rng.lognormal(0, 0.3, n),
            np.where(annealed, 45.0, 85.0) * rng.lognormal(0, 0.1, n),
            np.array([3.89, 4.23, 4.12])[phase] + rng.normal(0, 0.04, n),
            rng.normal(200.0, 15.0, n),
        ],
        axis=1,
    )


def measure_cells(outcomes: Outcomes, rng: Generator) -> Arrays:
    """Voltage of battery cells over a discharge at `CURRENT`, and five readings of a table.

    Chemistry (layered oxide or iron phosphate) sets the shape of the curve and the voltage at
    rest, loading (thin or thick electrodes) capacity, mass and the droop at the end. Warm storage
    raises the inner resistance by `SEPARATION` times the scatter among cells stored alike. Table:
    capacity in mAh, mass in g, resistance in mΩ, voltage at rest in V, temperature in °C.
    """
    n = len(outcomes)
    phosphate, thick, warm = outcomes.T
    scatter = SEPARATION * (warm - 0.5) + rng.normal(0, 1, n)
    resistance = 40.0 * (1 + 0.08 * scatter)
    droop = np.where(thick, 0.25, 0.08) * rng.lognormal(0, 0.12, n)
    curve = np.where(phosphate[:, None], PHOSPHATE_VOLTAGE, OXIDE_VOLTAGE)
    curve = curve - droop[:, None] * np.exp((DISCHARGED - 1) / 0.15)
    curve = curve - CURRENT * resistance[:, None] / 1000 + rng.normal(0, 0.001, n)[:, None]
    capacity = np.where(thick, 2600.0, 1800.0) * np.where(phosphate, 0.9, 1.0)
    table = np.stack(
        [
            capacity * rng.normal(1, 0.02, n),
            np.where(thick, 48.0, 42.0) + 1.5 * phosphate + rng.normal(0, 0.5, n),
            resistance + rng.normal(0, 0.5, n),
            np.where(phosphate, 3.30, 3.62) + rng.normal(0, 0.02, n),
            rng.normal(25.0, 1.0, n),
        ],
        axis=1,
    )
    return _float32({"curve": curve + rng.normal(0, 0.004, curve.shape), "table": table})


def _peaks(
    axis: Columns,
    lines: Lines,
    shift: Columns,
    width: Columns,
    factors: Columns | None = None,
) -> Columns:
    """Sum of Gaussian lines, each sample with its shift and width, ``(n, points)``.

    Args:
        axis: where it is measured, ``(points,)``.
        lines: positions and heights.
        shift: of all lines of a sample, in units of the axis, ``(n,)``.
        width: standard deviation of a line, ``(n,)``.
        factors: on the heights, ``(n, lines)``; 1 where not given.
    """
    position, height = np.array(lines).T
    heights = height * (np.ones((len(shift), 1)) if factors is None else factors)
    centre = position + shift[:, None]
    distance = (axis - centre[:, :, None]) / width[:, None, None]
    return (heights[:, :, None] * np.exp(-0.5 * distance**2)).sum(1)


def _as_recorded(intensity: Columns, background: Columns, rng: Generator) -> Columns:
    """Put a spectrum on a background of random height, scale and blur it with counting noise."""
    n = len(intensity)
    level = rng.lognormal(-1.2, 0.3, n)[:, None]
    scale = rng.lognormal(0, 0.12, n)[:, None]
    recorded = 1000 * scale * (intensity + level * background)
    return recorded + np.sqrt(recorded + 25) * rng.normal(0, 1, recorded.shape)


def _float32(arrays: dict[str, Columns]) -> Arrays:
    return {name: values.astype(np.float32) for name, values in arrays.items()}

"""Data unlike the examples, which most of the method was settled on: do the defaults hold here too?

Effects that multiply, doses in a row, many weak columns, oscillations: what the examples have not.
They serve the benchmarks alone.
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from causalpima_core.data.catalogue import ExampleInfo

Outcomes = NDArray[np.int64]
Arrays = dict[str, NDArray[np.float32]]


def _about(centre: NDArray, share: float, rng: Generator) -> NDArray:
    """Scattered by a share of what they are."""
    return centre * (1 + share * rng.normal(size=centre.shape))


def _noisy(values: NDArray, deviation: float, rng: Generator) -> NDArray[np.float32]:
    return (values + deviation * rng.normal(size=values.shape)).astype(np.float32)


def _peak(q: NDArray, place: NDArray, width: float) -> NDArray:
    """Of height 1, a row for each place."""
    return np.exp(-0.5 * ((q - place[:, None]) / width) ** 2)


def draw_cells(outcomes: Outcomes, rng: Generator) -> Arrays:
    """One to three ellipses of two sizes, upright or lying: their areas multiply."""
    n, (turned, large, number) = len(outcomes), outcomes.T
    y, x = np.mgrid[:32, :32]
    angle = turned * np.pi / 2 + 0.12 * rng.normal(size=n)
    size = _about(np.array([2.0, 3.4])[large], 0.06, rng)
    centres = [[(16, 16)], [(10, 16), (22, 16)], [(9, 10), (23, 10), (16, 23)]]
    image = np.zeros((n, 32, 32))
    for i in range(n):
        for centre in centres[number[i]]:
            column, row = np.array(centre) + 0.7 * rng.normal(size=2)
            cos, sin = np.cos(angle[i]), np.sin(angle[i])
            along = ((x - column) * cos + (y - row) * sin) / (1.5 * size[i])
            across = ((y - row) * cos - (x - column) * sin) / (0.75 * size[i])
            image[i] += np.exp(-0.5 * (along**2 + across**2))
    stains = np.column_stack([number + 0.25 * rng.normal(size=n), 3 * turned, np.zeros(n)])
    stains[:, 1:] += np.array([0.5, 1.0]) * rng.normal(size=(n, 2))
    image = np.clip(_noisy(image, 0.05, rng), 0, 1.5)
    return {"image": image, "stains": stains.astype(np.float32)}


def draw_omics(outcomes: Outcomes, rng: Generator) -> Arrays:
    """Three tables of many columns; each of two factors moves a third of a table's columns."""

    def table(width: int, factors: list[int], deviation: float) -> NDArray[np.float32]:
        values = 0.4 * rng.normal(size=(len(outcomes), 2)) @ rng.normal(size=(2, width))
        for j in factors:
            effect = rng.normal(size=(3, width)) * (rng.random((3, width)) < 0.3)
            values += 1.6 * effect[outcomes[:, j]]
        return _noisy(values, deviation, rng)

    return {
        "rna": table(60, [0, 2], 0.7),
        "protein": table(25, [1, 2], 0.7),
        "metabolites": table(12, [0, 1], 0.6),
    }


def draw_doses(outcomes: Outcomes, rng: Generator) -> Arrays:
    """Two tables in which dose and age lie in a row."""
    dose, sex, age = np.array([0, 0.8, 1.7]), np.array([0, 1]), np.array([0, 1.1, 1.9])

    def table(width: int) -> NDArray[np.float32]:
        values = 0.3 * np.outer(rng.normal(size=len(outcomes)), rng.normal(size=width))
        for place, size, states in zip((dose, sex, age), (1.6, 1.8, 1.5), outcomes.T, strict=True):
            values += size * np.outer(place[states], rng.normal(size=width))
        return _noisy(values, 0.5, rng)

    return {"blood": table(14), "gait": table(9)}


def draw_stars(outcomes: Outcomes, rng: Generator) -> Arrays:
    """A blob of three sizes, two brightnesses, in two places, and how it fades."""
    n, (size, bright, place) = len(outcomes), outcomes.T
    y, x = np.mgrid[:24, :24]
    radius = _about(np.array([1.4, 2.2, 3.3])[size], 0.05, rng)[:, None, None]
    height = _about(np.array([0.45, 0.9])[bright], 0.05, rng)[:, None, None]
    column = (np.array([7.0, 16.0])[place] + 0.6 * rng.normal(size=n))[:, None, None]
    row = 12 + 1.5 * rng.normal(size=(n, 1, 1))
    image = height * np.exp(-0.5 * ((x - column) ** 2 + (y - row) ** 2) / radius**2)
    rate = _about(np.array([0.4, 0.9])[bright], 0.05, rng)
    fading = np.exp(-rate[:, None] * np.linspace(0, 5, 60)) + 0.3 * size[:, None]
    return {"image": _noisy(image, 0.04, rng), "fading": _noisy(fading, 0.03, rng)}


def draw_chromatograms(outcomes: Outcomes, rng: Generator) -> Arrays:
    """Two peaks whose ratio has two values, at three dilutions, and a table with the pH."""
    n, (dilution, mixture, acid) = len(outcomes), outcomes.T
    q = np.linspace(0, 1, 120)
    amount = np.array([1.0, 2.0, 4.0])[dilution] * np.exp(0.06 * rng.normal(size=n))
    ratio = (np.array([0.35, 0.65])[mixture] + 0.02 * rng.normal(size=n))[:, None]
    shift = 0.012 * rng.normal(size=n)
    trace = ratio * _peak(q, 0.35 + shift, 0.04) + (1 - ratio) * _peak(q, 0.65 + shift, 0.05)
    columns = [6 + 1.2 * acid, np.full(n, 20.0), np.log(amount)]
    table = np.column_stack(columns) + np.array([0.15, 1.0, 0.3]) * rng.normal(size=(n, 3))
    return {
        "trace": _noisy(amount[:, None] * trace, 0.03, rng),
        "table": table.astype(np.float32),
    }


def draw_absorption(outcomes: Outcomes, rng: Generator) -> Arrays:
    """Infrared and ultraviolet spectra; one factor moves a peak in both."""
    n, (site, ligand, solvent) = len(outcomes), outcomes.T
    q = np.linspace(0, 1, 150)

    def about(centre: NDArray, deviation: float) -> NDArray:
        return centre + deviation * rng.normal(size=n)

    one = np.ones(n)
    infrared = about(one, 0.1)[:, None] * _peak(q, about(0.25 + 0.04 * site, 0.004), 0.03)
    infrared += about(0.6 + 0.5 * ligand, 0.06)[:, None] * _peak(q, about(0.6 * one, 0.004), 0.04)
    infrared += about(0.5 * one, 0.15)[:, None] * _peak(q, about(0.8 * one, 0.01), 0.05)
    ultraviolet = about(0.8 + 0.5 * solvent, 0.06)[:, None]
    ultraviolet = ultraviolet * _peak(q, about(0.4 * one, 0.01), 0.08)
    ultraviolet += about(0.6 * one, 0.05)[:, None] * _peak(q, about(0.7 - 0.05 * site, 0.006), 0.05)
    ultraviolet += 0.1 * rng.random((n, 1)) * q
    return {
        "infrared": _noisy(infrared, 0.02, rng),
        "ultraviolet": _noisy(ultraviolet, 0.02, rng),
    }


def draw_ringdown(outcomes: Outcomes, rng: Generator) -> Arrays:
    """Decaying oscillations of three frequencies, whose phases run far apart, and a table."""
    n, (frequency, damping, material) = len(outcomes), outcomes.T
    t = np.linspace(0, 10, 120)
    omega = _about(np.array([1.5, 2.2, 3.2])[frequency], 0.04, rng)
    gamma = _about(np.array([0.15, 0.4])[damping], 0.08, rng)[:, None]
    height = _about(np.ones(n), 0.15, rng)[:, None]
    curve = height * np.exp(-gamma * t) * np.cos(omega[:, None] * t)
    columns = [2.7 + 5.1 * material, 70 + 140 * material, np.zeros(n), omega]
    table = np.column_stack(columns) + np.array([0.3, 20, 1, 0.3]) * rng.normal(size=(n, 4))
    return {"curve": _noisy(curve, 0.03, rng), "table": table.astype(np.float32)}


UNLIKE: dict[str, ExampleInfo] = {
    info.name: info
    for info in (
        ExampleInfo(
            name="cells",
            summary="Images of one to three ellipses, and stains.",
            shown_in={
                "orientation": ("image", "stains"),
                "size": ("image",),
                "number": ("image", "stains"),
            },
            states=(2, 2, 3),
            default_samples=1500,
            default_graph="chain",
            draw=draw_cells,
        ),
        ExampleInfo(
            name="omics",
            summary="Three tables of many columns.",
            shown_in={
                "genotype": ("rna", "metabolites"),
                "treatment": ("protein", "metabolites"),
                "type": ("rna", "protein"),
            },
            states=(2, 2, 3),
            default_samples=800,
            default_graph="collider",
            draw=draw_omics,
        ),
        ExampleInfo(
            name="doses",
            summary="Blood and gait of animals at three doses and ages.",
            shown_in={
                "dose": ("blood", "gait"),
                "sex": ("blood", "gait"),
                "age": ("blood", "gait"),
            },
            states=(3, 2, 3),
            default_samples=900,
            default_graph="chain",
            draw=draw_doses,
        ),
        ExampleInfo(
            name="stars",
            summary="Images of a blob, and how it fades.",
            shown_in={
                "size": ("image", "fading"),
                "brightness": ("image", "fading"),
                "place": ("image",),
            },
            states=(3, 2, 2),
            default_samples=1200,
            default_graph="collider",
            draw=draw_stars,
        ),
        ExampleInfo(
            name="chromatograms",
            summary="Traces of two peaks at three dilutions, and a table.",
            shown_in={
                "dilution": ("trace", "table"),
                "mixture": ("trace",),
                "acid": ("table",),
            },
            states=(3, 2, 2),
            default_samples=1000,
            default_graph="chain",
            draw=draw_chromatograms,
        ),
        ExampleInfo(
            name="absorption",
            summary="Infrared and ultraviolet spectra.",
            shown_in={
                "site": ("infrared", "ultraviolet"),
                "ligand": ("infrared",),
                "solvent": ("ultraviolet",),
            },
            states=(2, 2, 2),
            default_samples=1200,
            default_graph="chain",
            draw=draw_absorption,
        ),
        ExampleInfo(
            name="ringdown",
            summary="Decaying oscillations, and a table.",
            shown_in={
                "frequency": ("curve", "table"),
                "damping": ("curve",),
                "material": ("table",),
            },
            states=(3, 2, 2),
            default_samples=1000,
            default_graph="fork",
            draw=draw_ringdown,
        ),
    )
}
"""By name, as `EXAMPLES`."""

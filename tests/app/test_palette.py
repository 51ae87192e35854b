"""The palette is told apart by everyone, on light and dark, and is the same everywhere."""

from __future__ import annotations

import tomllib
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from colorspacious import cspace_convert
from numpy.typing import NDArray

from app.charts.palette import COLOURS, MUTED

CONFIG = Path(__file__).parents[2] / ".streamlit" / "config.toml"
LEAST_DISTANCE = 15.0
"""CIE 1976 units; about 2 is the least difference that is seen at all."""
LEAST_CONTRAST = 2.0
"""Luminance to the page, as WCAG counts; shape and place carry a group beside its colour."""


def rgb(colour: str) -> NDArray[np.float64]:
    return np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255


def seen_by(vision: str) -> NDArray[np.float64]:
    """All colours as CIELab, by Machado, Oliveira and Fernandes (2009) where vision is impaired."""
    colours = np.array([rgb(colour) for colour in (*COLOURS, MUTED)])
    if vision != "normal":
        space = {"name": "sRGB1+CVD", "cvd_type": vision, "severity": 100}
        colours = np.clip(cspace_convert(colours, space, "sRGB1"), 0, 1)
    return cspace_convert(colours, "sRGB1", "CIELab")


def luminance(colour: str) -> float:
    parts = rgb(colour)
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("vision", ["normal", "deuteranomaly", "protanomaly", "tritanomaly"])
def test_any_two_colours_are_told_apart(vision: str):
    seen = seen_by(vision)
    names = (*COLOURS, MUTED)
    near = {
        (names[i], names[j]): round(float(np.linalg.norm(seen[i] - seen[j])), 1)
        for i, j in combinations(range(len(names)), 2)
        if np.linalg.norm(seen[i] - seen[j]) < LEAST_DISTANCE
    }
    assert near == {}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_colour_stands_out_from_the_page(theme: str):
    page = luminance(tomllib.loads(CONFIG.read_text())["theme"][theme]["backgroundColor"])
    for colour in (*COLOURS, MUTED):
        bright, dim = sorted((luminance(colour), page), reverse=True)
        assert (bright + 0.05) / (dim + 0.05) >= LEAST_CONTRAST, colour


def test_the_theme_has_the_same_colours():
    assert tuple(tomllib.loads(CONFIG.read_text())["theme"]["chartCategoricalColors"]) == COLOURS

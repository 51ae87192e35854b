"""Known parameters come back, whatever their size, from the search alone."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import least_squares

from causalpima_core.experts.curve_fit import find_starts, fit_curves
from causalpima_core.experts.spec import parse_expert

POINTS = 100
TRUE = {
    "line; t=0:30": (2.0, -5.0),
    "elastic-plastic; t=0:0.03": (7e3, 35.0, 400.0),
    "exponential-decay; t=0:600": (-40.0, 0.01, 70.0),
    "power-law; t=1:100": (3.0, -0.5),
    "gaussian-peak; t=200:900": (0.02, 620.0, 35.0, 0.001),
    "damped-oscillation; t=0:2": (1.2, 3.0, 9.0, -1.0, 0.5),
    "a*(1 - exp(-k*t)) + c; a>0; 0<k<5; t=0:30": (8.0, 0.2, 1.0),
    "b + a/(1 + exp(-(t - m)/w)); w>0; a>0; t=-40:40": (1.0, 5.0, 12.0, 3.0),
}


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(1)


@pytest.mark.parametrize("spec", TRUE)
def test_known_parameters_are_found_without_a_start(spec: str, rng: np.random.Generator):
    expert, true = parse_expert(spec), np.array(TRUE[spec])
    curve = expert.curves(true, POINTS)
    noise = 0.01 * np.ptp(curve)
    curves = curve + rng.normal(0, noise, (40, POINTS))
    starts = find_starts(expert, curves[:3], rng)
    fits = fit_curves(expert, curves, starts)
    np.testing.assert_allclose(np.sqrt(fits.square.mean()), noise, rtol=0.1)
    error = np.sqrt(np.median(fits.variance, axis=0))
    deviation = expert.free(fits.parameters) - expert.free(true)
    assert (np.abs(np.median(deviation, axis=0)) < error).all()
    # the stated variance is that over repetitions of the measurement
    np.testing.assert_allclose(deviation.std(0), error, rtol=0.45)


def test_the_fit_is_the_least_squares_of_scipy(rng: np.random.Generator):
    expert = parse_expert("exponential-decay; t=0:3")
    curve = expert.curves(np.array([2.0, 1.5, 0.3]), POINTS) + rng.normal(0, 0.05, POINTS)
    fits = fit_curves(expert, curve[None], find_starts(expert, curve[None], rng))
    found = least_squares(lambda p: expert.curves(p, POINTS) - curve, [1.0, 1.0, 0.0], xtol=1e-12)
    np.testing.assert_allclose(fits.parameters[0], found.x, rtol=1e-5)


def test_a_linear_formula_is_solved_in_closed_form(rng: np.random.Generator):
    expert = parse_expert("line; t=0:3")
    curves = rng.normal(size=(5, POINTS))
    fits = fit_curves(expert, curves, np.array([[1e6, -1e6]]))
    expected = np.polyfit(expert.axis(POINTS), curves.T, 1).T
    np.testing.assert_allclose(fits.parameters, expected, rtol=1e-8)


def test_bounds_hold_where_the_best_fit_lies_beyond(rng: np.random.Generator):
    expert = parse_expert("a*t + c; a>0; 0<c<1; t=0:1")
    falling = (3.0 - 2 * expert.axis(POINTS))[None]
    fits = fit_curves(expert, falling, find_starts(expert, falling, rng))
    assert 0 <= fits.parameters[0, 0] < 1e-3
    assert 0.999 < fits.parameters[0, 1] <= 1
    assert np.isfinite(fits.free).all()


def test_what_a_curve_does_not_determine_has_no_small_variance(rng: np.random.Generator):
    expert = parse_expert("(a + b)*t")
    curves = expert.curves(np.array([1.0, 2.0]), POINTS) + rng.normal(0, 0.1, (3, POINTS))
    fits = fit_curves(expert, curves, find_starts(expert, curves, rng))
    assert (fits.variance > 1e3).all()


def test_a_power_of_zero_does_not_spoil_the_fit(rng: np.random.Generator):
    expert = parse_expert("power-law; t=0:2")
    curve = expert.curves(np.array([[3.0, 1.7]]), POINTS)
    fits = fit_curves(expert, curve, find_starts(expert, curve, rng))
    np.testing.assert_allclose(fits.parameters, [[3.0, 1.7]], rtol=1e-5)

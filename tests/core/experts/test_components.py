"""Likelihood and M-step against closed forms; standard errors against resampled specimens."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.distributions import MultivariateNormal

from causalpima_core.experts.components import (
    ExpertDensity,
    ExpertState,
    ExpertStatistics,
    Units,
    tangents_of,
)
from causalpima_core.experts.curve_fit import descend
from causalpima_core.experts.expert import Expert
from causalpima_core.experts.spec import parse_expert
from causalpima_core.experts.uncertainty import uncertainty

POINTS = 40
NOISE = 0.5
TRUE = np.array([[20.0, 2.0, 3.0], [35.0, 0.8, -1.0]])
SPREAD = np.array([1.0, 0.04, 0.3])


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(3)


@pytest.fixture
def expert() -> Expert:
    return parse_expert("exponential-decay; t=0:3 [s]; value [V]")


def specimens(
    expert: Expert, n: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Curves of specimens that differ in all their parameters, and the component of each."""
    component = rng.integers(0, 2, n)
    own = TRUE[component] + SPREAD * rng.normal(size=(n, 3))
    curves = expert.curves(own, POINTS) + NOISE * rng.normal(size=(n, POINTS))
    return curves, component, own


def units_of(curves: np.ndarray) -> Units:
    centre = curves.mean(0)
    return Units(centre, float(np.sqrt(np.square(curves - centre).mean())))


def fitted(expert: Expert, curves: np.ndarray, gamma: np.ndarray) -> tuple[ExpertState, Units]:
    """EM's M-step to convergence at given responsibilities."""
    units = units_of(curves)
    eye, ones = np.tile(np.eye(3), (2, 1, 1)), np.ones(2)
    state = ExpertState(TRUE * 1.1, eye, ones, ones)
    values = torch.from_numpy((curves - units.centre) / units.scale)
    everyone = torch.ones(len(curves), dtype=torch.bool)
    for _ in range(3):
        statistics = ExpertStatistics(ExpertDensity.of(expert, state, units, values))
        for rows in torch.arange(len(curves)).split(64):
            statistics.add(values[rows], everyone[rows], torch.from_numpy(gamma)[rows])
        state = statistics.maximise(expert, state, units)
    return state, units


def one_hot(component: np.ndarray) -> np.ndarray:
    return np.eye(2)[component]


def test_the_likelihood_is_that_of_the_full_covariance(expert: Expert, rng: np.random.Generator):
    curves, component, _ = specimens(expert, 200, rng)
    state, units = fitted(expert, curves, one_hot(component))
    values = torch.from_numpy((curves - units.centre) / units.scale)
    observed = torch.ones(200, dtype=torch.bool)
    observed[7] = False
    density = ExpertDensity.of(expert, state, units, values)
    found = density.log_likelihood(values, observed)
    tangents, _ = tangents_of(expert, state.parameters, units)
    for c in range(2):
        q, noise = torch.from_numpy(tangents[c]), float(state.noise[c])
        own = torch.from_numpy(state.scatter[c]) - noise * torch.eye(3)
        covariance = noise * torch.eye(POINTS, dtype=torch.float64) + q @ own @ q.T
        expected = MultivariateNormal(density.mean[c], covariance).log_prob(values)
        torch.testing.assert_close(found[observed, c], expected[observed])
    assert (found[7] == 0).all()


def test_the_m_step_is_a_maximum(expert: Expert, rng: np.random.Generator):
    curves, component, _ = specimens(expert, 2000, rng)
    gamma = one_hot(component)
    state, units = fitted(expert, curves, gamma)
    values = torch.from_numpy((curves - units.centre) / units.scale)
    everyone = torch.ones(len(curves), dtype=torch.bool)

    def expected(changed: ExpertState) -> float:
        density = ExpertDensity.of(expert, changed, units, values)
        likelihood = density.log_likelihood(values, everyone).numpy()
        return float((gamma * likelihood).sum(1).mean())

    best = expected(state)
    parts = (state.parameters, state.scatter, state.noise, state.weight)
    for factor in (0.98, 1.02):
        for k in range(3):  # of each parameter
            moved = state.parameters.copy()
            moved[:, k] *= factor
            assert expected(ExpertState(moved, *parts[1:])) < best
        assert expected(ExpertState(parts[0], parts[1] * factor, *parts[2:])) < best
        assert expected(ExpertState(*parts[:2], parts[2] * factor, parts[3])) < best


def test_parameters_noise_and_spread_are_found(expert: Expert, rng: np.random.Generator):
    curves, component, _ = specimens(expert, 3000, rng)
    state, units = fitted(expert, curves, one_hot(component))
    known = uncertainty(expert, state, units)
    np.testing.assert_allclose(np.sqrt(state.noise) * units.scale, NOISE, rtol=0.03)
    np.testing.assert_allclose(known.spread, np.tile(SPREAD, (2, 1)), rtol=0.1)
    # the curve of mean parameters is not quite the mean curve: a percent beside statistics
    assert (np.abs(state.parameters - TRUE) < 4 * known.standard_error + 0.01 * abs(TRUE)).all()
    assert not known.at_bound.any()


def test_standard_errors_are_the_spread_over_resampled_specimens(
    expert: Expert, rng: np.random.Generator
):
    curves, component, _ = specimens(expert, 600, rng)
    state, units = fitted(expert, curves, one_hot(component))
    stated = uncertainty(expert, state, units).standard_error
    resampled = []
    for _ in range(400):
        again = rng.integers(0, 600, 600)
        means = np.stack([curves[again[component[again] == c]].mean(0) for c in range(2)])
        resampled.append(descend(expert, means, state.parameters).parameters)
    np.testing.assert_allclose(stated, np.std(resampled, axis=0), rtol=0.12)
    # points of a curve taken for independent observations would claim far too much
    naive = np.sqrt(descend(expert, np.stack(means), state.parameters).variance)
    assert (naive[:, 0] < stated[:, 0] / 1.5).all()


def test_standard_errors_hold_where_a_component_has_three_samples(rng: np.random.Generator):
    expert = parse_expert("a*t + c")
    true = np.array([[1.0, 0.5]])
    t, units = np.linspace(0, 1, POINTS), Units(np.zeros(POINTS), 1.0)
    off, stated, spread = [], [], []
    for _ in range(300):
        curves = np.outer(1 + rng.normal(size=3), t) + 0.5 + 0.01 * rng.normal(size=(3, POINTS))
        begun = ExpertState(true, np.eye(2)[None], np.ones(1), np.ones(1))
        sums = ExpertStatistics(ExpertDensity.of(expert, begun, units, torch.zeros(1)))
        sums.add(
            torch.from_numpy(curves).float(), torch.ones(3, dtype=torch.bool), torch.ones(3, 1)
        )
        state = sums.maximise(expert, begun, units)
        known = uncertainty(expert, state, units)
        off.append(state.parameters[0, 0] - 1)
        stated.append(known.standard_error[0, 0])
        spread.append(known.spread[0, 0])
    assert np.sqrt(np.mean(np.square(stated))) == pytest.approx(np.std(off), rel=0.1)
    assert np.sqrt(np.mean(np.square(spread))) == pytest.approx(1, rel=0.1)


def test_a_scatter_that_rounding_has_spoilt_is_put_right():
    expert = parse_expert("a*t + c")
    large, noise = 1e5, 1e-4
    turn = np.array([[np.cos(0.7), -np.sin(0.7)], [np.sin(0.7), np.cos(0.7)]])
    rounded = (turn * [large, noise] @ turn.T).astype(np.float32).astype(np.float64)
    assert np.linalg.eigvalsh(rounded)[0] < 0
    state = ExpertState(np.array([[1.0, 0.0]]), rounded[None], np.full(1, noise), np.ones(1))
    density = ExpertDensity.of(expert, state, Units(np.zeros(POINTS), 1.0), torch.zeros(1))
    assert torch.isfinite(density.factor).all()


def test_curves_are_compared_a_part_at_a_time(
    expert: Expert, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
):
    curves, component, _ = specimens(expert, 100, rng)
    whole, units = fitted(expert, curves, one_hot(component))
    density = ExpertDensity.of(expert, whole, units, torch.zeros(1))
    values = torch.from_numpy((curves - units.centre) / units.scale).float()
    together = density.log_likelihood(values, torch.ones(100, dtype=torch.bool))
    monkeypatch.setattr("causalpima_core.experts.components.VALUES_AT_ONCE", 7 * 2 * POINTS)
    assert density.at_once == 7
    apart = density.log_likelihood(values, torch.ones(100, dtype=torch.bool))
    torch.testing.assert_close(apart, together)
    np.testing.assert_allclose(fitted(expert, curves, one_hot(component))[0].scatter, whole.scatter)


def test_samples_that_count_by_half_are_still_so_many(expert: Expert, rng: np.random.Generator):
    curves, component, _ = specimens(expert, 1000, rng)
    whole, _ = fitted(expert, curves, one_hot(component))
    doubled, _ = fitted(expert, np.tile(curves, (2, 1)), 0.5 * one_hot(np.tile(component, 2)))
    np.testing.assert_allclose(doubled.parameters, whole.parameters, rtol=1e-6)
    np.testing.assert_allclose(doubled.weight, 2 * whole.weight)


def test_what_the_formula_cannot_tell_apart_has_no_standard_error(rng: np.random.Generator):
    expert = parse_expert("(a + b)*t + c")
    state = ExpertState(np.array([[1.0, 1.0, 0.0]]), np.eye(3)[None], np.ones(1), np.full(1, 50.0))
    known = uncertainty(expert, state, Units(np.zeros(POINTS), 1.0))
    assert np.isnan(known.standard_error[0, :2]).all()
    assert np.isfinite(known.standard_error[0, 2])


def test_a_parameter_at_its_bound_is_said_to_be(rng: np.random.Generator):
    expert = parse_expert("a*t + c; a>0")
    near, far = [1e-6, 1.0], [3.0, 1.0]
    weight = np.full(2, 50.0)
    state = ExpertState(np.array([near, far]), np.tile(np.eye(2), (2, 1, 1)), np.ones(2), weight)
    known = uncertainty(expert, state, Units(np.zeros(POINTS), 1.0))
    np.testing.assert_array_equal(known.at_bound, [[True, False], [False, False]])


def test_a_component_without_samples_keeps_its_curve(expert: Expert, rng: np.random.Generator):
    curves, component, _ = specimens(expert, 300, rng)
    gamma = one_hot(component) * [1.0, 0.0]
    state, units = fitted(expert, curves, gamma)
    np.testing.assert_allclose(state.parameters[1], 1.1 * TRUE[1])
    assert state.weight[1] == 0
    assert np.isnan(uncertainty(expert, state, units).standard_error[1]).all()
    density = ExpertDensity.of(expert, state, units, torch.zeros(1))
    likelihood = density.log_likelihood(torch.zeros(1, POINTS), torch.tensor([True]))
    assert torch.isfinite(likelihood).all()

import numpy as np
import pytest

from causalpima_core.scores import component_accuracy
from causalpima_core.training import pursuit
from causalpima_core.training.pursuit import (
    View,
    find_nodes,
    shown_gain,
    telling_directions,
    whiten,
)

ALONE = np.zeros(2000, dtype=np.int64)


def two_factors(n=2000, seed=0, share=0.5):
    """Two binary factors along oblique directions of six dimensions, and Gaussian nuisance."""
    rng = np.random.default_rng(seed)
    factors = (rng.random((n, 2)) < share).astype(int)
    sources = np.concatenate(
        [6 * factors - 3 + rng.normal(size=(n, 2)), rng.normal(size=(n, 4))], 1
    )
    mixing = rng.normal(size=(6, 6))
    return sources @ mixing, factors


def view(latents, variance=0.01, observed=None):
    observed = np.ones(len(latents), dtype=bool) if observed is None else observed
    return View("joint", latents, np.full_like(latents, variance), observed)


def nodes_of(seen, cell=ALONE, n_states=2):
    return find_nodes(seen, cell, n_states, seen.mean, np.random.default_rng(0))


def agreement(factor, node):
    return component_accuracy(factor, node.state)


def test_whitened_latents_have_unit_covariance_without_flat_directions():
    latents, _ = two_factors()
    flat = np.concatenate([latents, latents[:, :1]], axis=1)
    white = whiten(flat)
    np.testing.assert_allclose(np.cov(white.T), np.eye(6), atol=1e-8)


@pytest.mark.parametrize("share", [0.5, 0.79, 0.95])
def test_factors_are_found_however_their_states_are_shared(share):
    # At shares of 0.21 and 0.79 a direction has the kurtosis of a Gaussian.
    latents, factors = two_factors(share=share)
    found = nodes_of(view(latents))
    for factor in factors.T:
        assert max(agreement(factor, node) for node in found) > 0.99


@pytest.mark.parametrize(("share", "contrast"), [(0.5, 0), (0.21, 1)])
def test_directions_turn_to_the_two_states_of_a_factor(share, contrast):
    # Two states of half the samples each have no skewness, of a fifth and the rest no kurtosis.
    latents, factors = two_factors(share=share)
    started = np.random.default_rng(5).normal(size=(6, 24))
    found = telling_directions(latents, started)[:, contrast::2]
    for factor in factors.T:
        apart = [abs(np.corrcoef(along, factor)[0, 1]) for along in (latents @ found).T]
        assert max(apart) > 0.9


def test_a_node_is_found_though_its_shares_in_the_cells_cancel_out():
    # Each cell for itself is skewed; all together, each less its mean, hardly differ from noise.
    rng = np.random.default_rng(2)
    cell = rng.integers(0, 4, 2000)
    state = (rng.random(2000) < np.array([0.03, 0.2, 0.8, 0.97])[cell]).astype(int)
    sources = np.column_stack([4.5 * state, 3 * rng.normal(size=(2000, 11))])
    sources[:, 0] += rng.normal(size=2000)
    latents = sources @ rng.normal(size=(12, 12))
    for seed in range(3):
        best = find_nodes(view(latents), cell, 2, latents, np.random.default_rng(seed))[0]
        assert agreement(state, best) > 0.97


def test_a_handful_of_noise_is_no_state(monkeypatch):
    # As few samples as there are dimensions can be told from the others whatever they are.
    noise = np.random.default_rng(4).normal(size=(150, 12))

    def smallest_states():
        found = find_nodes(view(noise), ALONE[:150], 2, noise, np.random.default_rng(0))
        return [np.bincount(node.state).min() for node in found]

    assert all(size >= 2 * 12 for size in smallest_states())
    monkeypatch.setattr(pursuit, "LEAST_PER_DIMENSION", 0)
    assert min(smallest_states()) < 2 * 12


def test_the_second_factor_is_found_given_the_first():
    latents, factors = two_factors()
    best = nodes_of(view(latents), cell=factors[:, 0])[0]
    assert agreement(factors[:, 1], best) > 0.99


def test_a_node_of_alike_shares_divides_every_cell(rng):
    cell = np.repeat([0, 1, 2], 400)
    only_here = (cell == 0) * rng.integers(0, 2, 1200)
    latents = np.column_stack([2.5 * only_here, np.zeros(1200)]) + rng.normal(size=(1200, 2))

    def states_in_cells(*, alike):
        node = find_nodes(view(latents), cell, 2, latents, rng, alike=alike)[0]
        return np.bincount(2 * cell + node.state, minlength=6)

    assert states_in_cells(alike=False).min() == 0
    assert states_in_cells(alike=True).min() > 0


def test_the_gain_is_what_separation_lets_expect():
    rng = np.random.default_rng(0)
    coin = rng.integers(0, 2, 2000)
    latents = (2.0 * coin - 1 + 0.05 * rng.normal(size=2000))[:, None]
    ratio = latents.var() / 0.05**2
    expected = 0.5 * np.log(ratio) - np.log(2)
    assert nodes_of(view(latents))[0].gain == pytest.approx(expected, abs=0.05)
    assert shown_gain(view(latents), coin, 2) == pytest.approx(expected, abs=0.05)


def test_a_view_shows_what_can_be_told_from_it_alone():
    latents, factors = two_factors()
    unseen = np.random.default_rng(3).integers(0, 2, 2000)
    assert shown_gain(view(latents), factors[:, 0], 2) > 0.3
    assert shown_gain(view(latents), unseen, 2) is None


def test_few_samples_of_many_dimensions_show_nothing():
    rng = np.random.default_rng(0)
    noise, unseen = rng.normal(size=(200, 12)), rng.integers(0, 2, 200)
    few = view(noise, observed=np.arange(200) < 14)
    assert shown_gain(few, unseen, 2) is None


def test_samples_without_the_view_take_the_state_of_their_neighbours():
    latents, factors = two_factors()
    observed = np.random.default_rng(1).random(2000) < 0.7
    partly = np.where(observed[:, None], latents, 0.0)
    found = find_nodes(view(partly, observed=observed), ALONE, 2, latents, np.random.default_rng(0))
    for factor in factors.T:
        assert max(agreement(factor[~observed], _rows(node, ~observed)) for node in found) > 0.98


def _rows(node, rows):
    return type(node)(node.state[rows], node.gain)


def test_dimensions_a_modality_knows_nothing_of_are_left_out():
    latents, _ = two_factors()
    assert nodes_of(view(latents, variance=0.99)) == []
    assert shown_gain(view(latents, variance=0.99), ALONE, 2) is None

import numpy as np
import pytest
from sklearn.metrics import normalized_mutual_info_score

from causalpima_core.training.pursuit import (
    View,
    find_splits,
    least_kurtosis_directions,
    split_in_two,
    whiten,
)


def two_factors(n=2000, seed=0):
    """Two binary factors along oblique directions of six dimensions, and Gaussian nuisance."""
    rng = np.random.default_rng(seed)
    factors = rng.integers(0, 2, (n, 2))
    sources = np.concatenate(
        [6 * factors - 3 + rng.normal(size=(n, 2)), rng.normal(size=(n, 4))], 1
    )
    mixing = rng.normal(size=(6, 6))
    return sources @ mixing, factors


def view(latents, name="joint", variance=0.01):
    return View(name, latents, np.full_like(latents, variance), np.ones(len(latents), dtype=bool))


def test_whitened_latents_have_unit_covariance_without_flat_directions():
    latents, _ = two_factors()
    flat = np.concatenate([latents, latents[:, :1]], axis=1)
    white = whiten(flat)
    np.testing.assert_allclose(np.cov(white.T), np.eye(6), atol=1e-8)


def test_bimodal_directions_are_found_and_gaussian_ones_are_not():
    latents, factors = two_factors()
    splits = find_splits([view(latents)], np.random.default_rng(0))
    assert len(splits) == 2
    for factor in factors.T:
        assert max(normalized_mutual_info_score(factor, s.side) for s in splits) > 0.95


def test_gaussian_data_have_no_splits():
    latents = np.random.default_rng(0).normal(size=(2000, 6))
    assert find_splits([view(latents)], np.random.default_rng(0)) == []


def test_the_least_kurtosis_direction_of_a_coin_is_the_coin():
    rng = np.random.default_rng(1)
    coin = rng.choice([-1.0, 1.0], 4000)
    latents = np.stack([coin, *rng.normal(size=(3, 4000))], axis=1)
    best = least_kurtosis_directions(whiten(latents), rng)[0]
    assert abs(np.corrcoef(whiten(latents) @ best, coin)[0, 1]) > 0.99


def test_the_gain_of_a_clear_split_approaches_its_closed_form():
    """Two sharp points of weight ½: gain is half log of the variance ratio less log 2."""
    rng = np.random.default_rng(0)
    values = rng.choice([-1.0, 1.0], 20_000) + 0.05 * rng.normal(size=20_000)
    _, gain = split_in_two(values, rng)
    ratio = values.var() / 0.05**2
    assert gain == pytest.approx(0.5 * np.log(ratio) - np.log(2), abs=0.03)


def test_a_split_seen_in_two_views_is_one_split_of_two_views():
    latents, _ = two_factors()
    splits = find_splits(
        [view(latents, "image"), view(2 * latents, "curve")], np.random.default_rng(0)
    )
    assert len(splits) == 2
    assert all(set(s.views) == {"image", "curve"} for s in splits)


def test_dimensions_a_modality_knows_nothing_of_are_left_out():
    latents, _ = two_factors()
    assert find_splits([view(latents, variance=0.99)], np.random.default_rng(0)) == []

import numpy as np
import pytest

from causalpima_core.scores import component_accuracy
from causalpima_core.training.assignment import assignment_entropy, mean_entropy
from causalpima_core.training.candidates import find_candidates
from causalpima_core.training.pursuit import Split


def clusters(n=800, n_cells=4, spread=0.3, seed=0):
    rng = np.random.default_rng(seed)
    cell = rng.integers(0, n_cells, n)
    centres = 5 * np.eye(n_cells, 6)
    return centres[cell] + spread * rng.normal(size=(n, 6)), cell


def test_the_true_partition_of_clear_clusters_wins():
    latents, cell = clusters()
    best = find_candidates(latents, [], (2, 2), np.random.default_rng(0))[0]
    assert component_accuracy(cell, best.cell) == 1.0
    assert best.entropy == pytest.approx(0.0, abs=1e-6)


def test_products_of_splits_are_among_the_candidates():
    rng = np.random.default_rng(0)
    factors = rng.integers(0, 2, (500, 2))
    latents = 4.0 * factors + rng.normal(size=(500, 2)) * 0.5
    pool = [Split(side, 0.5, ("joint",)) for side in factors.T]
    sources = {c.source: c for c in find_candidates(latents, pool, (2, 2), rng)}
    assert sources["splits"].splits == (0, 1)
    assert component_accuracy(2 * factors[:, 0] + factors[:, 1], sources["splits"].cell) == 1.0


def test_overlapping_clusters_have_more_entropy():
    wide, cell = clusters(spread=3.0)
    narrow, same = clusters(spread=0.3)
    assert assignment_entropy(wide, cell) > 10 * assignment_entropy(narrow, same) + 0.1


def test_entropy_of_a_fair_coin_is_log_two():
    assert mean_entropy(np.full((7, 2), 0.5)) == pytest.approx(np.log(2))
    assert mean_entropy(np.eye(3)) == 0.0

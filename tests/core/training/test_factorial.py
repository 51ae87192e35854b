import numpy as np
import pytest

from causalpima_core.outcomes import outcome_table
from causalpima_core.scores import component_accuracy
from causalpima_core.training.factorial import design, factorial_cells


def additive_latents(states, n=1500, noise=0.35, seed=0):
    """Additive effects in eight dimensions under strongly correlated noise."""
    rng = np.random.default_rng(seed)
    cell = rng.integers(0, int(np.prod(states)), n)
    table = outcome_table(states)[cell]
    effects = [2 * rng.normal(size=(k, 8)) for k in states]
    nuisance = rng.normal(size=(n, 8)) * np.array([6, 3, 1, 1, 1, 1, 1, 1]) * noise
    mixing = rng.normal(size=(8, 8))
    return sum(e[table[:, j]] for j, e in enumerate(effects)) + nuisance @ mixing, cell


@pytest.mark.parametrize("states", [(2, 2, 2), (3, 2, 2)])
def test_additive_factors_under_correlated_noise_are_found(states):
    latents, cell = additive_latents(states)
    found = list(factorial_cells(latents, states, np.random.default_rng(0)))
    assert max(component_accuracy(cell, f) for f in found) > 0.97


def test_the_design_has_one_column_for_every_free_parameter_of_the_means():
    columns = design((2, 3))
    assert columns.shape == (6, 1 + 1 + 2)
    assert np.linalg.matrix_rank(columns) == 4
    np.testing.assert_allclose(columns[:, 1:].sum(0), 0, atol=1e-12)


def test_the_same_generator_gives_the_same_cells():
    latents, _ = additive_latents((2, 2), n=300)
    first, again = (
        list(factorial_cells(latents, (2, 2), np.random.default_rng(5))) for _ in range(2)
    )
    np.testing.assert_array_equal(first, again)

import numpy as np
import pytest

from causalpima_core.scores import component_accuracy
from causalpima_core.training.neighbourhoods import (
    merge_cells,
    neighbourhood_cells,
    spectral_cells,
    whiten_by_neighbours,
)


def groups(n=900, n_groups=4, stretch=1.0, seed=0):
    """Round groups in a plane, hidden under nuisance in other directions and a linear map."""
    rng = np.random.default_rng(seed)
    group = rng.integers(0, n_groups, n)
    angle = 2 * np.pi * group / n_groups
    centres = 4 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    seen = np.hstack([centres + 0.5 * rng.normal(size=(n, 2)), stretch * rng.uniform(size=(n, 3))])
    return seen @ rng.normal(size=(5, 5)), group


def test_long_directions_of_nuisance_hide_groups_until_neighbours_give_the_measure():
    latents, group = groups(stretch=60.0)
    assert component_accuracy(group, spectral_cells(latents, 4, seed=0)) < 0.8
    near = whiten_by_neighbours(latents, 15)
    assert component_accuracy(group, spectral_cells(near, 4, seed=0)) == 1.0


def test_differences_between_neighbours_end_up_alike_in_every_direction():
    latents, _ = groups(stretch=60.0)
    near = whiten_by_neighbours(latents, 15)
    gaps = np.linalg.norm(near[:, None] - near, axis=-1)
    among = np.argsort(gaps, axis=1)[:, 1:16]
    steps = (near[:, None] - near[among]).reshape(-1, near.shape[1])
    spread = np.linalg.eigvalsh(steps.T @ steps)
    assert spread.max() / spread.min() < 1.5


def test_merging_undoes_the_splitting_of_a_group_and_keeps_rare_ones():
    rng = np.random.default_rng(1)
    group = rng.choice(3, 800, p=(0.78, 0.2, 0.02))
    latents = 6 * np.eye(3)[group] + rng.normal(size=(800, 3))
    halves = np.where((group == 0) & (latents[:, 1] > 0), 3, group)
    assert component_accuracy(group, merge_cells(latents, halves, 3)) > 0.995


def test_every_partition_offered_has_at_most_the_cells_wanted():
    latents, group = groups(n=300)
    found = list(neighbourhood_cells(latents, 4, seed=0))
    assert max(len(np.unique(cell)) for _, cell in found) == 4
    assert max(component_accuracy(group, cell) for _, cell in found) == 1.0


def test_neighbourhoods_find_curved_clusters_that_no_gaussian_fits():
    rng = np.random.default_rng(0)
    angle, cell = rng.uniform(0, 2 * np.pi, 600), rng.integers(0, 2, 600)
    radius = np.where(cell, 3.0, 1.0) + 0.05 * rng.normal(size=600)
    rings = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    assert component_accuracy(cell, spectral_cells(rings, 2, seed=0)) == 1.0


@pytest.mark.parametrize("n", [900, 6000])
def test_large_data_are_clustered_by_way_of_a_subsample(n):
    rng = np.random.default_rng(0)
    cell = rng.integers(0, 4, n)
    latents = 5 * np.eye(4, 6)[cell] + 0.3 * rng.normal(size=(n, 6))
    assert component_accuracy(cell, spectral_cells(latents, 4, seed=0)) > 0.999


def test_samples_that_are_all_repeated_are_left_where_they_are(rng):
    latents = np.repeat(rng.normal(size=(4, 3)), 40, axis=0)
    near = whiten_by_neighbours(latents, 8)
    assert np.isfinite(near).all()
    assert component_accuracy(np.repeat(range(4), 40), spectral_cells(near, 4, seed=0)) == 1.0


def test_as_many_cells_as_samples_are_one_each(rng):
    assert set(spectral_cells(rng.normal(size=(5, 2)), 5, seed=0)) == set(range(5))

import numpy as np
import pytest

from causalpima_core.scores import component_accuracy
from causalpima_core.training.assignment import judge, mean_entropy
from causalpima_core.training.candidates import find_candidates, judge_candidates


def clusters(n=800, n_cells=4, spread=0.3, seed=0):
    rng = np.random.default_rng(seed)
    cell = rng.integers(0, n_cells, n)
    centres = 5 * np.eye(n_cells, 6)
    return centres[cell] + spread * rng.normal(size=(n, 6)), cell


def test_the_true_partition_of_clear_clusters_wins():
    latents, cell = clusters()
    best = find_candidates(latents, 4, np.random.default_rng(0))[0]
    assert component_accuracy(cell, best.cell) == 1.0
    assert best.entropy == pytest.approx(0.0, abs=1e-6)


def test_partitions_found_elsewhere_are_judged_with_the_rest():
    latents, cell = clusters()
    others = [("known", cell), ("too few", np.minimum(cell, 2))]
    found = find_candidates(latents, 4, np.random.default_rng(0), others)
    (known,) = [c for c in found if c.source == "known"]
    assert known.entropy == pytest.approx(judge(latents, cell)[0])
    assert all(c.source != "too few" for c in found)


def test_a_nearly_right_partition_is_put_right_by_refining():
    latents, cell = clusters()
    nearly = np.where(np.arange(len(cell)) % 20 == 0, (cell + 1) % 4, cell)
    best = judge_candidates(latents, 4, [("nearly", nearly), ("too few", np.minimum(cell, 2))])[0]
    assert best.source == "nearly, refined"
    assert component_accuracy(cell, best.cell) == 1.0
    assert judge_candidates(latents, 4, []) == []


def test_overlapping_clusters_have_more_entropy():
    wide, cell = clusters(spread=3.0)
    narrow, same = clusters(spread=0.3)
    assert judge(wide, cell)[0] > 10 * judge(narrow, same)[0] + 0.1


def test_entropy_of_a_fair_coin_is_log_two():
    assert mean_entropy(np.full((7, 2), 0.5)) == pytest.approx(np.log(2))
    assert mean_entropy(np.eye(3)) == 0.0

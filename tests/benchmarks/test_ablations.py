import numpy as np

from benchmarks.ablations import PARTS, without
from benchmarks.tasks import Task
from causalpima_core.training import appearance, start


def grouped(n: int = 90):
    rng = np.random.default_rng(0)
    centres = np.array([[0.0, 0], [9, 0], [0, 4], [9, 4]])
    return np.repeat(centres, n, axis=0) + rng.normal(size=(4 * n, 2))


def test_without_labelling_cells_keep_their_order():
    shuffled = np.random.default_rng(1).permutation(4)
    points = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]])[shuffled]
    distances = np.linalg.norm(points[:, None] - points, axis=-1)
    rng = np.random.default_rng(2)
    with without("labelling"):
        assert start.label_cells(distances, (2, 2), rng).outcome.tolist() == [0, 1, 2, 3]
    found = start.label_cells(distances, (2, 2), rng).outcome
    assert abs(points[np.argsort(found)][0] - points[np.argsort(found)][3]).sum() == 2


def test_without_entropy_the_likeliest_candidate_is_the_only_one():
    latents, rng = grouped(), np.random.default_rng
    everything = start.find_candidates(latents, (2, 2), rng(3))
    with without("entropy"):
        (only,) = start.find_candidates(latents, (2, 2), rng(3))
    assert only.likelihood == max(one.likelihood for one in everything)


def parts():
    views = appearance.Appearance.views
    return start.label_cells, start.find_candidates, start.common_nodes, views


def test_each_part_is_back_afterwards_and_is_told_in_the_name():
    before = parts()
    for part in PARTS:
        with without(part):
            pass
        task = Task(suite="circles", graph="chain", seed=0, without=part)
        assert task.variant == f"causalpima, without {part}"
    assert before == parts()


def test_without_what_is_common_no_node_is_replaced():
    with without("common"):
        assert start.common_nodes(np.zeros((4, 1), dtype=np.int64), (2,), (1.0,), [], None) == []

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
        assert start.label_cells(distances, distances**2 / 2, (2, 2), rng).outcome.tolist() == [
            0,
            1,
            2,
            3,
        ]
    found = start.label_cells(distances, distances**2 / 2, (2, 2), rng).outcome
    assert abs(points[np.argsort(found)][0] - points[np.argsort(found)][3]).sum() == 2


def test_without_additivity_the_shortest_grid_is_taken():
    rng = np.random.default_rng(4)
    table = np.indices((3, 2, 2)).reshape(3, -1).T
    rows = [[0.0, 0.9, 1.8], [0.0, 1.0], [0.0, 2.2]]
    points = sum(np.outer(np.take(rows[j], table[:, j]), rng.normal(size=12)) for j in range(3))
    distances = np.linalg.norm(points[:, None] - points, axis=-1)

    def length(outcome):
        laid = table[outcome]
        edges = (laid[:, None] != laid).sum(-1) == 1
        return distances[edges].sum()

    arguments = (distances, distances**2 / (distances**2).sum() * 24, (3, 2, 2))
    both = start.label_cells(*arguments, np.random.default_rng(0))
    with without("additivity"):
        alone = start.label_cells(*arguments, np.random.default_rng(0))
    assert length(alone.outcome) <= length(both.outcome)


def test_without_entropy_the_likeliest_candidate_is_the_only_one():
    latents, rng = grouped(), np.random.default_rng
    everything = start.find_candidates(latents, 4, rng(3))
    with without("entropy"):
        (only,) = start.find_candidates(latents, 4, rng(3))
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

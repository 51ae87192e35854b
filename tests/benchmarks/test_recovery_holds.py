"""The fast part of the scoreboard: recovery that has been reached must not be lost again."""

from __future__ import annotations

import pytest

from benchmarks.measure import measure
from benchmarks.tasks import Task

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("suite", "graph", "seed", "preset"),
    [
        ("circles", "complete", 12, "quick"),  # was mislabelled by latent and decoded distances
        ("lattice", "chain", 0, "standard"),  # its random phase hid two factors from all mixtures
        ("weak", "chain", 3, "standard"),  # a faint node passed for a combination without samples
    ],
)
def test_known_features_and_graphs_are_recovered(suite, graph, seed, preset):
    run = measure(Task(suite=suite, graph=graph, seed=seed, preset=preset))
    assert run.recovered, (run.nmi, run.distance, run.error)

"""The fast part of the scoreboard: recovery that has been reached must not be lost again."""

from __future__ import annotations

import pytest

from benchmarks.measure import measure
from benchmarks.tasks import Task

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    "task",
    [
        # was mislabelled by latent and decoded distances
        Task(suite="circles", graph="complete", seed=12, preset="quick"),
        # its random phase hid two factors from all mixtures
        Task(suite="lattice", graph="chain", seed=0),
        # a faint node passed for a combination without samples
        Task(suite="weak", graph="chain", seed=3),
        # encoders that had seen samples without a curve hid what the curves show
        Task(suite="lattice", graph="chain", seed=7, missing=0.3, missing_from="curve"),
    ],
    ids=lambda task: f"{task.suite}, {task.variant}",
)
def test_known_features_and_graphs_are_recovered(task):
    run = measure(task)
    assert run.recovered, (run.nmi, run.distance, run.error)

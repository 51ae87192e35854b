import pytest

from benchmarks.scoreboard import Run, summarise, table
from benchmarks.tasks import Task

TASK = Task(suite="weak", graph="chain", seed=0)


def run(**changes) -> Run:
    """A run that recovered three factors, but for what is changed."""
    usual = {
        "recovered": True,
        "has_features": True,
        "node_of_factor": {"a": "node_1", "b": "node_2", "c": "node_10"},
        "nmi": {"a": 1.0, "b": 0.99, "c": 0.98},
        "found": {"a": True, "b": True, "c": True},
        "accuracy": 1.0,
        "distance": 0,
        "separation": {"node_1": 0.99, "node_2": 0.98, "node_10": 0.97},
        "seconds": 10.0,
        "peak_mib": 500,
    }
    return Run(task=TASK, **(usual | changes))


WEAK = {
    "weak": ("c",),
    "nmi": {"a": 1.0, "b": 0.99, "c": 0.3},
    "found": {"a": True, "b": True, "c": False},
}


def test_a_node_is_stood_by_when_separated_and_not_named_in_a_warning():
    assert run().called_separated == {"node_1": True, "node_2": True, "node_10": True}
    doubted = run(
        separation={"node_1": 0.99, "node_2": 0.5, "node_10": 0.97},
        warnings=["The edge between node_10 and node_2 is uncertain (probability 0.80)."],
    )
    assert doubted.called_separated == {"node_1": True, "node_2": False, "node_10": False}


def test_nodes_stood_by_are_right_if_they_are_factors():
    wrong = run(found={"a": True, "b": False, "c": True}, extra_nodes=("node_4",))
    wrong = wrong.model_copy(update={"separation": wrong.separation | {"node_4": 1.0}})
    right = {"node_1": True, "node_2": False, "node_10": True, "node_4": False}
    assert wrong.right_nodes == right


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, None),
        (WEAK, False),
        (WEAK | {"separation": {"node_1": 1.0, "node_2": 1.0, "node_10": 0.6}}, True),
        (WEAK | {"warnings": ["node_10 is weakly separated."]}, True),
        (WEAK | {"warnings": ["node_1 is weakly separated."]}, False),
        (WEAK | {"error": "Training diverged."}, False),
    ],
)
def test_a_weak_factor_is_told_by_its_separation_or_a_warning(changes, told):
    assert run(**changes).weak_told is told


@pytest.mark.parametrize(
    ("changes", "silent"),
    [
        ({}, False),
        ({"recovered": False}, True),
        ({"recovered": False, "warnings": ["Groups overlap."]}, False),
        ({"recovered": False, "error": "Training diverged."}, False),
        (WEAK, True),
        (WEAK | {"warnings": ["node_10 is weakly separated."]}, False),
    ],
)
def test_a_failure_is_silent_if_nothing_is_said_of_it(changes, silent):
    assert run(**changes).is_silent_failure is silent


def test_runs_are_summed_up():
    runs = [
        run(seconds=10.0, peak_mib=400),
        run(seconds=20.0, recovered=False, distance=3),
        run(seconds=90.0, recovered=False, has_features=False, peak_mib=900, distance=0),
        Run(task=TASK, error="Training diverged.", seconds=5.0),
    ]
    summary = summarise(runs)
    assert (summary.runs, summary.failed) == (4, 1)
    assert (summary.features, summary.graphs, summary.recovered) == (2, 2, 1)
    assert summary.distance == 1.0
    assert summary.silent == 2
    assert (summary.called, summary.called_right) == (9, 9)
    assert summary.weak_told is None
    assert summary.seconds == (15.0, 90.0)
    assert summary.peak_mib == 900


def test_weak_runs_are_summed_up():
    told = run(**WEAK, warnings=["node_10 is weakly separated."])
    summary = summarise([told, told, run(**WEAK)])
    assert summary.weak_told == 2
    assert (summary.called, summary.called_right) == (7, 6)
    assert summary.silent == 1


def test_the_table_has_a_line_for_each_suite_and_method():
    groups = {
        ("circles", "causalpima"): summarise([run(), run(recovered=False, distance=1)]),
        ("weak", "pca"): summarise([Run(task=TASK, error="No.", weak=("c",), seconds=1.0)]),
    }
    assert table(groups).splitlines()[2:] == [
        "| circles | causalpima | 2 | 100% | 50% | 50% | 0.50 | 1 | 6 of 6 | – | 10, 10 | 500 |",
        "| weak | pca | 1 (1 failed) | 0% | 0% | 0% | – | 0 | 0 of 0 | 0 of 1 | 1, 1 | 0 |",
    ]

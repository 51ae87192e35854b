"""What the Overview says of a run, on the example whose truth is known."""

from __future__ import annotations

import pytest

from app.services import first_look, overview
from app.services.loaders import dataset_of, result_of
from causalpima_core.runs.records import RunState
from causalpima_core.runs.store import RunFolder
from tests.app.conftest import Open
from tests.app.synthetic import write_dataset, write_run
from tests.app.test_pages import said


@pytest.fixture
def example() -> RunFolder:
    return first_look.finished_example()


def test_it_says_what_varies_what_drives_what_and_how_surely(open_page: Open, example: RunFolder):
    text = said(open_page("overview", run=example.name))
    assert "3 features, each with clearly separated states." in text
    for cause in ("topology", "density"):
        assert f"{cause} → heat treatment: adjacent with probability 1.00" in text
    assert "modulus depends on density" in text
    assert "agrees most with heat_treatment, which explains 100% of it" in text


def test_shares_are_those_of_the_samples(example: RunFolder):
    result = result_of(example)
    edge = next(e for e in result.graph.edges if result.names.node(e.source) == "density")
    table = result.assignments
    dense = next(k for k in (0, 1) if result.names.state(edge.source, k) == "dense")
    treated = next(k for k in (0, 1) if result.names.state(edge.target, k) == "treated")
    share = (table[table[edge.source] == dense][edge.target] == treated).mean()
    assert f"{share:.0%} where density = dense" in overview.relation(result, edge)


def test_a_feature_is_shown_in_what_shows_it(example: RunFolder):
    result = result_of(example)
    dataset, _ = dataset_of(example, result)
    assert dataset is not None
    seen = {
        result.names.node(node.name): [
            m.name for m in overview.shown_in(result, node.name, dataset.modalities)
        ]
        for node in result.graph.nodes
    }
    assert seen["heat treatment"] == ["curve"]
    assert set(seen["topology"]) == {"curve", "image"}


def test_what_cannot_be_told_is_not_claimed(open_page: Open):
    write_run(write_dataset("some", 3), RunState.FINISHED, (2, 2, 2))
    text = said(open_page("overview", run="a-run"))
    assert "3 features, 1 of them with clearly separated states" in text
    assert "direction not determined by the data" in text
    assert "agrees with no metadata column more than chance would" in text

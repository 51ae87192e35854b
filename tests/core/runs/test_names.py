"""Names that a person gives to nodes and states."""

from __future__ import annotations

from pathlib import Path

import pytest

from causalpima_core.errors import ConfigError, DamagedError
from causalpima_core.runs.names import Names
from causalpima_core.runs.results import GraphResult, NodeResult
from causalpima_core.runs.store import RunFolder

GRAPH = GraphResult(
    nodes=[NodeResult(name=f"node_{j}", states=2, separation=1.0) for j in (1, 2)],
    edges=[],
    tables={},
    components=[],
)


def test_names_survive_as_json():
    names = Names.parse({"node_1": " hue "}, {"node_2": ["", "thick"]}, GRAPH)
    assert Names.model_validate_json(names.model_dump_json()) == names
    assert (names.node("node_1"), names.node("node_2")) == ("hue", "node_2")
    assert names.setting("node_2", 1) == "node_2 = thick"


@pytest.mark.parametrize(
    ("nodes", "states"),
    [
        ({"node_1": "node_2"}, {}),
        ({"node_1": "hue", "node_2": "hue"}, {}),
        ({"node_1": "component"}, {}),
        ({"node_1": "two\nlines"}, {}),
        ({"node_1": "x" * 41}, {}),
        ({}, {"node_1": ["thin", "thin"]}),
    ],
)
def test_names_that_would_mislead_are_refused(nodes: dict, states: dict):
    with pytest.raises(ConfigError):
        Names.parse(nodes, states, GRAPH)


def test_a_damaged_file_is_named(tmp_path: Path):
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "names.json").write_text('{"nodes": 3}')
    with pytest.raises(DamagedError, match=r"names\.json of run .* cannot be read"):
        RunFolder(tmp_path).names()


def test_a_state_cannot_be_called_by_the_number_of_another():
    with pytest.raises(ConfigError, match="the number of another"):
        Names.parse({}, {"node_1": ["1", ""]}, GRAPH)
    swapped = Names.parse({}, {"node_1": ["1", "0"]}, GRAPH)
    assert [swapped.state("node_1", k) for k in range(2)] == ["1", "0"]

"""Each export is read back by a reader of its format, names that need quoting included."""

from __future__ import annotations

import csv
import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import networkx as nx
import pandas as pd
import pytest
from safetensors.numpy import load_file

from causalpima_core.errors import ConfigError, RunFolderError
from causalpima_core.runs.exports import WRITERS, as_networkx, dot, export
from causalpima_core.runs.graph_page import graph_page, layered_places
from causalpima_core.runs.results import GraphResult


@pytest.fixture
def exported(finished_run, tmp_path):
    """Export the finished run and give the path written."""

    def run(suffix: str) -> Path:
        path = tmp_path / f"out{suffix}"
        export(finished_run, path)
        return path

    return run


def test_csv_neutralises_text_that_a_spreadsheet_would_compute(exported):
    rows = list(csv.reader(io.StringIO(exported(".csv").read_text())))
    assert rows[0] == ["sample", "component", "confidence", "node_1"]
    assert [row[0] for row in rows[1:]] == [
        "'=1+1",
        "'+x",
        "'-y",
        "'@z",
        "-5",  # a number is not a formula
        "007",
        "plain",
        'with "quotes", and comma',
    ]
    assert float(rows[1][2]) == 0.3


def test_parquet_has_the_assignments_with_their_types(exported, assignments):
    read = pd.read_parquet(exported(".parquet"))
    assert list(read["sample"]) == list(assignments["sample"])
    assert read["node_1"].dtype.kind == "i"
    assert read["confidence"].dtype.kind == "f"


def test_json_is_the_run_folders_graph(exported, finished_run, graph):
    content = json.loads(exported(".json").read_text())
    assert content == json.loads((finished_run.path / "result" / "dag.json").read_text())
    assert GraphResult.model_validate(content) == graph


def test_graphml_is_read_back_with_all_attributes(exported, graph):
    read = nx.read_graphml(exported(".graphml"))
    assert dict(read.nodes(data=True)) == dict(as_networkx(graph).nodes(data=True))
    assert list(read.edges(data=True)) == list(as_networkx(graph).edges(data=True))
    assert set(next(iter(read.edges(data=True)))[2]) == {
        "weight",
        "direction",
        "probability",
        "probability_of_direction",
    }


def test_dot_holds_every_name_in_quotes(exported):
    text = exported(".dot").read_text()
    statement = re.compile(r'  ("(?:[^"\\]|\\.)*")(?: -> ("(?:[^"\\]|\\.)*"))? \[.*\];')
    lines = text.splitlines()
    assert (lines[0], lines[-1]) == ("digraph {", "}")
    found = [statement.fullmatch(line) for line in lines[1:-1]]
    assert all(found)
    names = {re.sub(r"\\(.)", r"\1", match[1][1:-1]) for match in found}
    assert names == {"node_1", '</script><b>"hue" & \\', "-> {} ;"}
    compelled, reversible = (match[0] for match in found if match[2])
    assert 'dir="none"' in reversible
    assert "dir=" not in compelled


def test_safetensors_are_the_weights(exported):
    assert list(load_file(exported(".safetensors"))["weight"]) == [0, 1, 2, 3]


class _Page(HTMLParser):
    """Collects what a browser would fetch, run and show."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.scripts: list[str] = []
        self.tags: list[str] = []
        self.shown = ""
        self._in: str = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self._in = tag
        self.links += [value for name, value in attrs if name in ("src", "href")]
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag):
        self._in = ""

    def handle_data(self, data):
        if self._in == "script":
            self.scripts[-1] += data
        elif self._in != "style":
            self.shown += data


class TestHtml:
    def test_fetches_nothing(self, exported):
        text = exported(".html").read_text()
        page = _Page(text)
        assert page.links == []
        assert "link" not in page.tags
        assert not re.search(r"@import|url\(\s*['\"]?https?:", text)
        assert "default-src 'none'" in text

    def test_names_are_text_wherever_they_stand(self, exported, graph):
        page = _Page(exported(".html").read_text())
        assert page.tags.count("script") == 2
        assert "b" not in page.tags
        names = [node.name for node in graph.nodes]
        assert all(name in page.shown for name in names[1:])
        data = json.loads(page.scripts[1].split("const data = ", 1)[1].split(";\n", 1)[0])
        assert [node["label"] for node in data["nodes"]] == names

    def test_a_reversible_edge_has_no_arrowhead(self, exported):
        page = _Page(exported(".html").read_text())
        data = json.loads(page.scripts[1].split("const data = ", 1)[1].split(";\n", 1)[0])
        compelled, reversible = data["edges"]
        assert (compelled["arrows"], compelled["dashes"]) == ("to", False)
        assert reversible["arrows"] == ""
        assert reversible["dashes"]
        assert compelled["color"] != reversible["color"]
        assert "compelled: every graph" in page.shown
        assert "reversible: the data do not" in page.shown

    def test_no_edges_is_said(self, graph):
        page = _Page(graph_page(graph.model_copy(update={"edges": []}), "{{rows}}"))
        assert "No edge was found." in page.shown
        assert "{{rows}}" in page.shown

    def test_causes_stand_above_their_effects_and_none_on_another(self, graph):
        places = layered_places(graph)
        assert len(set(places.values())) == len(graph.nodes)
        for edge in graph.edges:
            assert places[edge.source][1] < places[edge.target][1]


class TestFailing:
    def test_an_unknown_suffix_names_the_known_ones(self, finished_run, tmp_path):
        with pytest.raises(ConfigError) as told:
            export(finished_run, tmp_path / "out.xlsx")
        assert all(suffix in str(told.value) for suffix in WRITERS)

    @pytest.mark.parametrize("suffix", WRITERS)
    def test_no_result_yet_leaves_no_file(self, make_run, tmp_path, suffix):
        folder = make_run()
        before = set(tmp_path.iterdir())
        with pytest.raises(RunFolderError, match="has no result yet"):
            export(folder, tmp_path / f"out{suffix}")
        assert set(tmp_path.iterdir()) == before

    @pytest.mark.parametrize("place", ["missing/out.csv", "file/out.csv"])
    def test_a_place_that_cannot_be_written(self, finished_run, tmp_path, place):
        (tmp_path / "file").touch()
        with pytest.raises(RunFolderError, match="Cannot write"):
            export(finished_run, tmp_path / place)

    def test_a_folder_is_not_replaced(self, finished_run, tmp_path):
        (tmp_path / "out.csv").mkdir()
        with pytest.raises(RunFolderError, match="it is a folder"):
            export(finished_run, tmp_path / "out.csv")

    def test_an_older_export_is_replaced(self, exported, finished_run):
        path = exported(".json")
        path.write_text("old")
        export(finished_run, path)
        assert json.load(io.StringIO(path.read_text()))["nodes"]


def test_dot_of_names_that_mean_something_in_dot():
    assert (
        dot(nx.DiGraph([("node", "a\nb")]))
        == 'digraph {\n  "node";\n  "a b";\n  "node" -> "a b";\n}\n'
    )

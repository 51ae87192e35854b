"""Each export is read back by a reader of its format, names that need quoting included."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import networkx as nx
import pandas as pd
import pytest
from safetensors.numpy import load_file

from causalpima_core.__main__ import main
from causalpima_core.errors import ConfigError, RunFolderError
from causalpima_core.runs.bif import identifiers
from causalpima_core.runs.exports import WRITERS, as_networkx, dot, export, is_formula
from causalpima_core.runs.records import RunState
from causalpima_core.runs.results import GraphResult
from tests.core.conftest import HOSTILE


@pytest.fixture
def exported(finished_run, tmp_path):
    """Export the finished run and give the path written."""

    def run(suffix: str) -> Path:
        path = tmp_path / f"out{suffix}"
        export(finished_run, path)
        return path

    return run


COMPUTED = [
    *("=1+1", "=x", "@z", "@SUM(A1)", "\t=1", "\r=1", "-A1", "+xfd1048576", "-R1C1", "+rc"),
    *("+f(x)", "-SUM(A1:A9)", "-1+1", "-2024-01", "+x&y", "--5", "-x*2", "+$A$1", "+'a'!b"),
    *('+HYPERLINK("http://x")', "-2+3+cmd|' /C calc'!A0", "+cmd|'/C calc'!A0", "+Sheet1.A1"),
]
SHOWN = [
    *("-10C_a", "+3V", "-5", "-5.25", "-1e-3", "+.5V", "-20°C", "+x", "-y", "-control_2", "-"),
    *("--", "-ABCD1", "plain", "a=b", "x@y", "A1", "", "007", "-größe"),
]


@pytest.mark.parametrize("text", COMPUTED)
def test_what_a_spreadsheet_would_compute_is_a_formula(text):
    assert is_formula(text)


@pytest.mark.parametrize("text", SHOWN)
def test_what_it_would_show_as_it_stands_is_none(text):
    assert not is_formula(text)


def test_the_command_says_which_names_it_changed(finished_run, tmp_path, capsys):
    for suffix, told in ((".csv", "(2 of 8, first '=1+1'): .parquet keeps them"), (".parquet", "")):
        assert main(["export", str(finished_run.path), "--to", str(tmp_path / f"o{suffix}")]) == 0
        err = capsys.readouterr().err
        assert err.startswith("note: An apostrophe was put before names") == bool(told)
        assert told in err


def test_csv_neutralises_text_that_a_spreadsheet_would_compute(exported):
    rows = list(csv.reader(io.StringIO(exported(".csv").read_text())))
    assert rows[0] == ["sample", "component", "confidence", "node_1", *HOSTILE]
    assert [row[0] for row in rows[1:]] == [
        "'=1+1",
        "+x",
        "-y",
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


def test_samples_may_be_called_what_stands_for_missing_elsewhere(
    make_run, graph, assignments, finished_run
):
    names = ["NA", "nan", "null", "None", "", "0", "-", "n/a"]
    called = assignments.assign(sample=names[: len(assignments)])
    folder = make_run("called", state=RunState.FINISHED)
    folder.write_result(graph, finished_run.summary(), called, {}, lambda path: path.touch())
    assert folder.assignments()["sample"].tolist() == names[: len(assignments)]


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


class TestFailing:
    def test_an_unknown_suffix_names_the_known_ones(self, finished_run, tmp_path):
        with pytest.raises(ConfigError) as told:
            export(finished_run, tmp_path / "out.xlsx")
        assert all(suffix in str(told.value) for suffix in WRITERS)

    @pytest.mark.parametrize("suffix", [suffix for suffix in WRITERS if suffix != ".zip"])
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

    @pytest.mark.parametrize(
        ("name", "figure"), [("out.csv", "graph"), ("out.svg", "all"), ("out.zip", "latent")]
    )
    def test_a_figure_goes_into_a_picture_and_all_into_an_archive(
        self, finished_run, tmp_path, name, figure
    ):
        with pytest.raises(ConfigError, match=r"\.svg or \.png, 'all' of them into a \.zip"):
            export(finished_run, tmp_path / name, figure=figure)
        assert not (tmp_path / name).exists()

    def test_an_older_export_is_replaced(self, exported, finished_run):
        path = exported(".json")
        path.write_text("old")
        export(finished_run, path)
        assert json.load(io.StringIO(path.read_text()))["nodes"]


def test_identifiers_are_what_bif_can_hold_and_differ():
    names = ["a b", "a-b", "1st", "variable", "Größe", "😀", "x" * 40, "3"]
    found = identifiers((name, f"node_{i}") for i, name in enumerate(names))
    assert len(set(found)) == len(names)
    assert all(re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name) for name in found)
    assert found[3:6] == ["variable_", "Groe", "node_5"]


def test_dot_of_names_that_mean_something_in_dot():
    assert (
        dot(nx.DiGraph([("node", "a\nb")]))
        == 'digraph {\n  "node";\n  "a b";\n  "node" -> "a b";\n}\n'
    )

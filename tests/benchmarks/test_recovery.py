import json

import pytest
from typer import Typer
from typer.testing import CliRunner

from benchmarks import recovery, table
from benchmarks.ablations import PARTS
from benchmarks.ledger import file_name, read_runs, write_runs
from benchmarks.scoreboard import Run
from benchmarks.tasks import Task
from causalpima_core.errors import RunFolderError

TASKS = [Task(suite="weak", graph="chain", seed=s, method="pca", samples=150) for s in range(3)]


def command(function, *arguments: str):
    app = Typer()
    app.command()(function)
    return CliRunner().invoke(app, list(arguments))


def pca(out, *more: str):
    options = ("--method", "pca", "--samples", "150", "--graph", "chain", "--out", str(out))
    return command(recovery.main, "--suite", "weak", *options, *more)


def test_runs_go_to_disk_and_come_back(tmp_path):
    path = tmp_path / file_name(TASKS[0])
    assert path.name == "recovery-weak-standard-pca-150-samples.json"
    assert read_runs(path) == []
    runs = [Run(task=task, seconds=1.5, distance=0, warnings=["So."]) for task in TASKS]
    write_runs(path, runs[::-1])
    assert read_runs(path) == runs


def test_a_file_of_another_kind_is_not_overwritten_by_going_on(tmp_path):
    path = tmp_path / "recovery.json"
    path.write_text(json.dumps({"runs": [{"suite": "circles"}]}))
    with pytest.raises(RunFolderError, match="holds no runs of this benchmark"):
        read_runs(path)


def test_a_benchmark_goes_on_where_it_was_stopped(tmp_path):
    path = tmp_path / file_name(TASKS[0])
    known = Run(task=TASKS[0], seconds=1234.0)
    write_runs(path, [known, Run(task=TASKS[1], error="The disk was full.")])
    ended = pca(tmp_path, "--seeds", "2", "--resume")
    assert ended.exit_code == 0, ended.output
    first, second = read_runs(path)
    assert first == known
    assert second.task == TASKS[1]
    assert set(second.nmi) == {"chemistry", "loading", "storage"}
    assert second.distance is not None
    assert second.peak_mib > 50
    assert "| weak | pca, 150 samples, standard | 2 |" in ended.output
    listed = command(table.main, str(path))
    assert "| weak | pca, 150 samples, standard | 2 |" in listed.output


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--states", "auto"], "Method 'pca' must be told the states"),
        (["--only-modality", "sound"], "Unknown modality 'sound'"),
        (["--missing", "0.3", "--missing-from", "sound"], "Unknown modality 'sound'"),
        (["--missing-from", "table"], "No share of 'table' is to be missing: give one"),
        *[(["--without", part], f"Method 'pca' has no part '{part}'") for part in PARTS],
    ],
)
def test_what_cannot_be_is_refused_before_anything_runs(tmp_path, options, sentence):
    ended = pca(tmp_path, *options)
    assert ended.exit_code == 2
    assert f"error: {sentence}" in ended.output
    assert not any(tmp_path.iterdir())

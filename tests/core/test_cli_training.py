"""Real runs on the command line, as a shell starts, stops, kills and resumes them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file

from causalpima_core.__main__ import main
from causalpima_core.fitted import FittedModel
from causalpima_core.runs.records import RunState
from causalpima_core.runs.store import RunFolder

COMMAND = [sys.executable, "-m", "causalpima_core"]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def circles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small example; training on it takes seconds."""
    path = tmp_path_factory.mktemp("circles") / "circles.npz"
    arguments = ["examples", "circles", "--out", path, "--samples", "300", "--graph", "chain"]
    subprocess.run([*COMMAND, *arguments], check=True, capture_output=True)
    return path


def fit_command(data: Path, out: str) -> list[str]:
    return [*COMMAND, "fit", str(data), "--states", "2,2,2", "--out", out, "--preset", "quick"]


@pytest.fixture(scope="module")
def uninterrupted(circles: Path) -> tuple[RunFolder, subprocess.CompletedProcess[str]]:
    folder = RunFolder(circles.parent / "uninterrupted")
    ended = subprocess.run(
        fit_command(circles, str(folder.path)), capture_output=True, text=True, check=False
    )
    return folder, ended


def wait_for(folder: RunFolder, epoch: int) -> None:
    """Wait until training has come to an epoch."""
    deadline = time.monotonic() + 120
    while not folder.path.exists() or folder.status().epoch < epoch:
        assert time.monotonic() < deadline, f"not at epoch {epoch} after two minutes"
        time.sleep(0.05)


def test_fit_writes_the_promised_folder_and_prints_what_it_found(uninterrupted):
    folder, ended = uninterrupted
    assert ended.returncode == 0, ended.stderr
    told = json.loads(ended.stdout)
    assert told["run"] == str(folder.path)
    assert told["state"] == "finished"
    assert [node["name"] for node in told["nodes"]] == ["node_1", "node_2", "node_3"]
    dag = json.loads((folder.path / "result" / "dag.json").read_text())
    assert told["edges"] == dag["edges"]
    assert ended.stderr.splitlines()[0] == "Learning a latent space …"
    assert {path.name for path in folder.path.iterdir()} == {
        "config.json",
        "status.json",
        "log.txt",
        "metrics.sqlite",
        "snapshots",
        "checkpoint",
        "result",
        "train.lock",
    }
    assert list(folder.assignments().columns) == [
        "sample",
        "component",
        "confidence",
        "node_1",
        "node_2",
        "node_3",
    ]
    assert len(folder.assignments()) == 300


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_and_keeps_what_there_is(circles, tmp_path, number):
    folder = RunFolder(tmp_path / "run")
    process = subprocess.Popen(
        fit_command(circles, str(folder.path)), stdout=subprocess.PIPE, text=True
    )
    wait_for(folder, epoch=2)
    process.send_signal(number)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert json.loads(out)["state"] == "cancelled"
    assert folder.status().state is RunState.CANCELLED
    assert any(folder.checkpoints.iterdir())


def test_killed_and_resumed_is_as_if_nothing_had_happened(circles, uninterrupted, tmp_path):
    folder = RunFolder(tmp_path / "run")
    process = subprocess.Popen(fit_command(circles, str(folder.path)), stderr=subprocess.DEVNULL)
    wait_for(folder, epoch=5)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert main(["status", str(folder.path)]) == 0
    assert folder.status().state is RunState.FAILED
    subprocess.run([*COMMAND, "resume", folder.path, "--quiet"], check=True)
    whole, _ = uninterrupted
    assert folder.graph() == whole.graph()
    pd.testing.assert_frame_equal(folder.assignments(), whole.assignments())
    resumed, expected = load_file(folder.weights), load_file(whole.weights)
    assert resumed.keys() == expected.keys()
    for name, weight in resumed.items():
        np.testing.assert_array_equal(weight, expected[name], err_msg=name)


def test_states_left_to_the_data_are_in_the_settings_afterwards(circles: Path):
    out = circles.parent / "auto"
    command = [*COMMAND, "fit", str(circles), "--states", "auto", "--preset", "quick"]
    ended = subprocess.run(
        [*command, "--out", str(out)], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert [node["states"] for node in json.loads(ended.stdout)["nodes"]] == [2, 2, 2]
    model = RunFolder(out).config().model
    assert model.from_data
    assert model.states == (2, 2, 2)
    assert FittedModel.load(out).config == model

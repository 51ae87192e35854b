"""A run goes to another machine as a bundle and goes on there as if it had never left."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file

from causalpima_core.__main__ import main
from causalpima_core.config import ModelConfig, TrainingConfig
from causalpima_core.data.readers import load_dataset
from causalpima_core.runs.creation import create_run
from causalpima_core.runs.records import RunState, Status
from causalpima_core.runs.store import RunFolder
from causalpima_core.runs.worker import train
from tests.core.training.conftest import two_cause_data

pytestmark = pytest.mark.slow


def new_run(root: Path) -> RunFolder:
    """A small run on data of its own folder, not yet trained."""
    root.mkdir()
    dataset, _ = two_cause_data(n=300)
    np.savez(root / "causes.npz", **{m.name: m.values for m in dataset.modalities})
    training = TrainingConfig.of_preset(
        "quick", seed=1, warm_up_steps=80, joint_steps=40, distil_steps=30
    )
    data = root / "causes.npz"
    model = ModelConfig.parse(states=(2, 2), latent_dim=4)
    return create_run(root / "run", data, load_dataset(data), model, training)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    folder = new_run(tmp_path_factory.mktemp("whole") / "here")
    assert train(folder) is RunState.FINISHED
    return folder


def moved(folder: RunFolder, to: Path) -> RunFolder:
    """The run on another machine: through a bundle, nothing of the old place left."""
    bundle = to.with_suffix(".zip")
    assert main(["export", str(folder.path), "--to", str(bundle)]) == 0
    shutil.move(folder.path.parent, folder.path.parent.with_name("gone"))
    assert main(["import", str(bundle), "--out", str(to)]) == 0
    return RunFolder(to)


def test_an_unfinished_run_resumes_to_the_result_it_would_have_had(
    uninterrupted: RunFolder, tmp_path: Path
):
    folder = new_run(tmp_path / "here")

    def stop(status: Status) -> None:
        if status.epoch >= 12:
            folder.request_cancel()

    assert train(folder, report=stop) is RunState.CANCELLED
    assert folder.status().epoch < uninterrupted.status().epoch
    there = moved(folder, tmp_path / "there")
    assert main(["resume", str(there.path), "--quiet"]) == 0
    assert there.graph() == uninterrupted.graph()
    pd.testing.assert_frame_equal(there.assignments(), uninterrupted.assignments())
    resumed, expected = load_file(there.weights), load_file(uninterrupted.weights)
    assert resumed.keys() == expected.keys()
    for name, weight in resumed.items():
        np.testing.assert_array_equal(weight, expected[name], err_msg=name)


def test_a_finished_run_answers_there_as_here(uninterrupted: RunFolder, tmp_path: Path):
    copy = shutil.copytree(uninterrupted.path.parent, tmp_path / "here")
    config = RunFolder(copy / "run").config()
    dataset = config.dataset.model_copy(update={"path": str(copy / "causes.npz")})
    text = config.model_copy(update={"dataset": dataset}).model_dump_json()
    (copy / "run" / "config.json").write_text(text)
    there = str(moved(RunFolder(copy / "run"), tmp_path / "there").path)
    data = str(tmp_path / "there" / "data" / "causes.npz")
    here, answers = str(uninterrupted.path), {}
    for run in (here, there):
        out = tmp_path / f"{len(answers)}.npz"
        assert main(["generate", run, "--samples", "5", "--do", "node_1=0", "--out", str(out)]) == 0
        with np.load(out) as drawn:
            answers[run] = dict(drawn)
        target = next(iter(answers[run]))
        assert main(["predict", run, data, "--target", target, "--out", str(out)]) == 0
        with np.load(out) as predicted:
            answers[run] |= {f"predicted.{name}": predicted[name] for name in predicted.files}
    assert answers[here].keys() == answers[there].keys()
    for name, values in answers[here].items():
        np.testing.assert_array_equal(values, answers[there][name], err_msg=name)
    assert main(["export", there, "--to", str(tmp_path / "report.html")]) == 0
    assert "The measurements are not shown" not in (tmp_path / "report.html").read_text()

"""A packed run arrives whole, once, and at home in the workspace it comes to."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from causalpima_core.config import ModelConfig, TrainingConfig
from causalpima_core.data.readers import load_dataset
from causalpima_core.errors import RunFolderError
from causalpima_core.runs.bundle import data_files, pack
from causalpima_core.runs.creation import create_run
from causalpima_core.runs.label import Label
from causalpima_core.runs.shipped import unpack
from causalpima_core.runs.store import RunFolder
from causalpima_core.runs.workspace import Workspace


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """A run that was never trained, with its data and a label."""
    data = tmp_path / "made" / "curves.npz"
    data.parent.mkdir()
    np.savez(data, curve=np.random.default_rng(0).random((30, 12)))
    model, training = ModelConfig(states=(2,)), TrainingConfig()
    made = create_run(tmp_path / "made" / "shown", data, load_dataset(data), model, training)
    made.write_label(Label(title="found"))
    with (tmp_path / "run.zip").open("wb") as file:
        pack(file, made, data_files(made), made.portable())
    return tmp_path / "run.zip"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "workspace")


def test_the_run_names_the_data_of_its_new_place(archive: Path, workspace: Workspace):
    folder = unpack(archive, workspace)
    dataset = folder.config().dataset
    assert folder.path == workspace.runs_folder / "shown"
    assert dataset.path == str(workspace.datasets_folder / "curves.npz")
    assert load_dataset(Path(dataset.path)).fingerprint() == dataset.sha256
    assert folder.label().title == "found"


def test_a_second_time_it_is_the_same_run(archive: Path, workspace: Workspace):
    first = unpack(archive, workspace)
    (first.path / "names.json").write_text("{}")
    second = unpack(archive, workspace)
    assert second.path == first.path
    assert (second.path / "names.json").exists()
    assert [run.name for run in workspace.runs()] == ["shown"]


def test_data_that_were_deleted_come_back(archive: Path, workspace: Workspace):
    config = unpack(archive, workspace).config()
    Path(config.dataset.path).unlink()
    unpack(archive, workspace)
    assert Path(config.dataset.path).is_file()


def test_another_run_of_that_name_is_left_alone(archive: Path, workspace: Workspace):
    folder = unpack(archive, workspace)
    other = folder.config().model_copy(update={"created": 1.0})
    (folder.path / "config.json").write_text(other.model_dump_json())
    again = unpack(archive, workspace)
    assert again.name == again.config().name == "shown-2"
    assert RunFolder(folder.path).config() == other
    assert unpack(archive, workspace).path == again.path


def test_other_data_of_that_name_are_left_alone(archive: Path, workspace: Workspace):
    workspace.datasets_folder.mkdir(parents=True)
    (workspace.datasets_folder / "curves.npz").write_bytes(b"other")
    dataset = unpack(archive, workspace).config().dataset
    assert (workspace.datasets_folder / "curves.npz").read_bytes() == b"other"
    assert (dataset.name, Path(dataset.path).name) == ("curves-2.npz", "curves-2.npz")
    assert load_dataset(Path(dataset.path)).fingerprint() == dataset.sha256
    assert not list(workspace.datasets_folder.glob(".*"))


def test_a_damaged_archive_leaves_nothing(archive: Path, workspace: Workspace):
    archive.write_bytes(archive.read_bytes()[:200])
    with pytest.raises(RunFolderError, match="cannot be read"):
        unpack(archive, workspace)
    assert not workspace.root.exists()


def test_a_place_that_cannot_be_written_is_told(archive: Path, tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunFolderError, match="Cannot write"):
        unpack(archive, Workspace(tmp_path / "file"))

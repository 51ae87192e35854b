"""A full disk and one that can only be read are real ones here."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from causalpima_core.__main__ import main
from causalpima_core.data import writers
from causalpima_core.runs import supervisor, worker
from causalpima_core.runs.files import drafts
from causalpima_core.runs.records import RunState, Stage, Status
from causalpima_core.runs.store import RunFolder
from causalpima_core.training.checkpoint import last_checkpoint
from tests.faults.conftest import mount
from tests.faults.tiny import assert_same_result, new_run

PAGES = ("data", "model", "live", "runs", "latent", "features", "graph", "physics")


def fill(disk: Path) -> Path:
    """Take all the room there is, to the last block."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_bsize
        file.write(bytes(free))
        with pytest.raises(OSError, match="No space left"):
            file.write(bytes(4096))
    return filler


@pytest.mark.slow
@pytest.mark.parametrize(
    ("stage", "epoch"), [(Stage.WARM_UP, 0), (Stage.JOINT, 9), (Stage.HARDENING, 24)]
)
def test_a_run_on_a_full_disk_says_so_and_goes_on_when_there_is_room(
    disk, data, whole, monkeypatch, open_page, capsys, stage, epoch
):
    monkeypatch.setenv("CAUSALPIMA_WORKSPACE", str(disk))
    monkeypatch.setattr(worker, "SECONDS_BETWEEN_CHECKPOINTS", 0.0)
    folder = new_run(disk / "runs" / "run", data)
    filler = None

    def fill_in_time(status: Status) -> None:
        nonlocal filler
        if filler is None and status.stage is stage and status.epoch >= epoch:
            filler = fill(disk)

    assert worker.train(folder, fill_in_time) is RunState.FAILED
    assert filler is not None
    status = supervisor.current_status(folder)
    assert status.state is RunState.FAILED
    assert "The disk is full" in (status.reason or "")
    assert "No space left on device" in (status.reason or "")
    assert bool(list(folder.checkpoints.iterdir())) == (epoch > 0)
    assert (last_checkpoint(folder.checkpoints).stored is not None) == (epoch > 0)
    assert not drafts(folder.path)
    assert not drafts(folder.checkpoints)
    (told,) = open_page("live", run="run").error
    assert told.value.startswith("The disk is full")

    capsys.readouterr()
    assert main(["resume", str(folder.path), "--quiet"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("error: The disk is full")
    assert len(said.splitlines()) == 1
    app = open_page("live", run="run")
    app.button(key="live.resume").click().run()
    assert not app.exception
    assert any(told.value.startswith("The disk is full") for told in app.error)
    assert supervisor.current_status(folder).state is RunState.FAILED

    filler.unlink()
    assert worker.train(folder) is RunState.FINISHED
    assert_same_result(folder, whole)


def test_a_new_run_on_a_full_disk_is_not_begun(disk, data, capsys):
    fill(disk)
    out = disk / "run"
    assert main(["fit", str(data), "--states", "2,2", "--out", str(out), "--quiet"]) == 2
    assert "No space left on device" in capsys.readouterr().err
    assert [path.name for path in disk.iterdir()] == ["filler"]


@pytest.fixture
def sealed(disk: Path, data: Path, whole: RunFolder, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace that can only be read, with a finished run and one that was killed."""
    monkeypatch.setenv("CAUSALPIMA_WORKSPACE", str(disk))
    shutil.copytree(whole.path, disk / "runs" / "finished")
    (disk / "datasets").mkdir()
    shutil.copy(data, disk / "datasets")
    killed = new_run(disk / "runs" / "killed", data)
    killed.write_status(Status(state=RunState.RUNNING, pid=2**22 + 1, process_created=1.0))
    assert mount("-o", "remount,ro", str(disk)).returncode == 0
    return disk


@pytest.mark.slow
def test_a_workspace_that_can_only_be_read_is_shown_and_says_so_on_every_page(sealed, open_page):
    for page in PAGES:
        app = open_page(page, run="finished", data="data.npz")
        assert not app.exception, page
        assert "can only be read" in app.warning[0].value, page
        assert not app.error, page
    killed = open_page("live", run="killed")
    assert "ended without a word" in killed.error[0].value
    killed.button(key="live.resume").click().run()
    assert not killed.exception
    assert any("Read-only file system" in told.value for told in killed.error)
    app = open_page("runs", run="finished")
    app.text_input(key="runs.title.finished").set_value("a title").run()
    assert not app.exception
    assert any("Read-only file system" in told.value for told in app.error)
    app = open_page("runs", run="finished")
    app.button(key="runs.delete").click().run()
    assert not app.exception
    assert (sealed / "runs" / "finished" / "config.json").exists()


def test_the_command_line_in_a_place_that_can_only_be_read(sealed, tmp_path, capsys):
    finished, killed = (str(sealed / "runs" / name) for name in ("finished", "killed"))
    assert main(["status", finished]) == 0
    assert main(["status", killed]) == 0
    assert '"state": "failed"' in capsys.readouterr().out
    assert main(["export", finished, "--to", str(tmp_path / "out.csv")]) == 0
    assert len(RunFolder(finished).metrics()) > 0
    capsys.readouterr()
    for command in (
        ["resume", killed, "--quiet"],
        ["fit", str(tmp_path / "data.npz"), "--states", "2", "--out", str(sealed / "new")],
        ["export", finished, "--to", str(sealed / "out.csv")],
        ["examples", "circles", "--samples", "50", "--out", str(sealed / "circles.npz")],
    ):
        assert main(command) == 2, command
        said = capsys.readouterr().err
        assert "Read-only file system" in said
        assert len(said.splitlines()) == 1


def test_a_file_that_a_full_disk_refuses_is_not_there_and_the_sentence_says_why(
    disk, whole, data, capsys
):
    fill(disk)
    run, before = str(whole.path), sorted(disk.iterdir())
    for arguments in (
        ["convert", str(data), "--out", str(disk / "data.h5")],
        ["generate", run, "--samples", "5000", "--out", str(disk / "made.npz")],
        ["export", run, "--to", str(disk / "graph.svg")],
        ["examples", "circles", "--samples", "50", "--out", str(disk / "circles.npz")],
    ):
        assert main(arguments) == 1
        told = capsys.readouterr().err
        assert "The disk is full" in told
        assert "Traceback" not in told
        assert sorted(disk.iterdir()) == before


def test_large_data_are_not_converted_where_there_is_no_room(disk, data, capsys, monkeypatch):
    """HDF5 on a disk that is full ends the process, so it is not tried."""
    monkeypatch.setattr(writers, "MOST_IN_MEMORY", 1000)
    assert main(["convert", str(data), "--out", str(disk / "roomy.h5")]) == 0
    fill(disk)
    assert main(["convert", str(data), "--out", str(disk / "data.h5")]) == 1
    assert "The disk is too full" in capsys.readouterr().err

"""A bundle made here lives on elsewhere; one from a stranger is opened only if it is harmless."""

from __future__ import annotations

import io
import sqlite3
import stat
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from causalpima_core.__main__ import main
from causalpima_core.config import IN_MEMORY, ModelConfig, TrainingConfig
from causalpima_core.data.readers import load_dataset
from causalpima_core.data.units import Description, describe
from causalpima_core.errors import DataError, RunFolderError
from causalpima_core.runs import archive as archives
from causalpima_core.runs.bundle import write_bundle
from causalpima_core.runs.creation import create_run
from causalpima_core.runs.names import Names
from causalpima_core.runs.records import RunState, Status
from causalpima_core.runs.shipped import unpack as bring_in
from causalpima_core.runs.store import RunFolder
from causalpima_core.runs.unpacking import unpack
from causalpima_core.runs.workspace import Workspace
from tests.app.synthetic import write_dataset, write_model, write_run

Change = Callable[[dict[str, bytes]], None]


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """A run with data and metadata that was never trained."""
    data = tmp_path / "made" / "curves.npz"
    data.parent.mkdir()
    np.savez(data, curve=np.random.default_rng(0).random((30, 12)))
    data.with_suffix(".metadata.csv").write_text("batch\n" + "1\n" * 30)
    model = ModelConfig(states=(2,))
    folder = create_run(
        tmp_path / "made" / "run", data, load_dataset(data), model, TrainingConfig()
    )
    folder.write_status(Status(state=RunState.CANCELLED, epoch=3))
    return folder


@pytest.fixture
def content(run: RunFolder) -> dict[str, bytes]:
    """What its bundle holds, by place."""
    file = io.BytesIO()
    write_bundle(run, file)
    with zipfile.ZipFile(file) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


def written(path: Path, content: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as to:
        for place, held in content.items():
            to.writestr(place, held)
    return path


def everything(folder: Path) -> set[Path]:
    return set(folder.rglob("*"))


class TestPacking:
    def test_it_tells_nothing_of_this_machine(self, run, content, tmp_path):
        run.log.write_text(f"{tmp_path}: trained here")
        assert sorted(content) == [
            "data/curves.metadata.csv",
            "data/curves.npz",
            "run/config.json",
            "run/status.json",
        ]
        assert str(tmp_path).encode() not in b"".join(content.values())

    def test_terms_still_in_the_log_of_the_database_go_along(self, run, tmp_path):
        path = run.path / "metrics.sqlite"
        with closing(sqlite3.connect(path)) as open_still:
            open_still.execute("PRAGMA journal_mode=WAL")
            table = "CREATE TABLE metrics (step INT, epoch INT, stage TEXT, term TEXT, value REAL, "
            open_still.execute(table + "time REAL, PRIMARY KEY (epoch, term))")
            open_still.execute("INSERT INTO metrics VALUES (1, 1, 'joint', 'train/elbo', -2, 0)")
            open_still.commit()
            assert path.with_name("metrics.sqlite-wal").stat().st_size > 0
            with (tmp_path / "b.zip").open("wb") as file:
                write_bundle(run, file)
        folder = unpack(tmp_path / "b.zip", tmp_path / "there")
        assert folder.metrics()["value"].tolist() == [-2.0]

    def test_data_that_are_gone_are_named(self, run):
        Path(run.config().dataset.path).unlink()
        with pytest.raises(DataError, match="no longer at"):
            write_bundle(run, io.BytesIO())
        write_bundle(run, io.BytesIO(), with_data=False)

    def test_data_that_were_in_memory_are_wanted_nowhere(self, run, tmp_path):
        nowhere = {"path": "", "name": IN_MEMORY}
        dataset = run.config().dataset.model_copy(update=nowhere)
        config = run.config().model_copy(update={"dataset": dataset})
        (run.path / "config.json").write_text(config.model_dump_json())
        with pytest.raises(DataError, match=r"made from data in memory\. Bundle it without them"):
            write_bundle(run, io.BytesIO())
        with (tmp_path / "b.zip").open("wb") as file:
            write_bundle(run, file, with_data=False)
        there = unpack(tmp_path / "b.zip", tmp_path / "there")
        assert there.config().dataset == dataset
        assert main(["resume", str(there.path), "--quiet"]) == 2
        assert there.status().reason == "The run was made from data in memory."

    def test_data_of_a_folder_go_along_and_come_back_as_one(self, run, tmp_path):
        place = tmp_path / "made" / "pictures"
        (place / "plates").mkdir(parents=True)
        (place / "manifest.csv").write_text("sample_id,photo")
        (place / "plates" / "a.png").write_bytes(b"picture")
        (place / ".DS_Store").write_bytes(b"no data")
        dataset = run.config().dataset.model_copy(update={"path": str(place), "name": "pictures"})
        config = run.config().model_copy(update={"dataset": dataset})
        (run.path / "config.json").write_text(config.model_dump_json())
        with (tmp_path / "b.zip").open("wb") as file:
            write_bundle(run, file)
        folder = unpack(tmp_path / "b.zip", tmp_path / "there")
        there = Path(folder.config().dataset.path)
        assert there == tmp_path / "there" / "data" / "pictures"
        assert (there / "plates" / "a.png").read_bytes() == b"picture"
        assert not (there / ".DS_Store").exists()
        workspace = Workspace(tmp_path / "workspace")
        (workspace.datasets_folder / "pictures").mkdir(parents=True)
        (workspace.datasets_folder / "pictures" / "manifest.csv").write_text("another")
        brought = Path(bring_in(tmp_path / "b.zip", workspace).config().dataset.path)
        assert brought == workspace.datasets_folder / "pictures-2"
        assert (brought / "manifest.csv").read_text() == "sample_id,photo"

    def test_units_that_were_stated_go_along(self, run, tmp_path):
        data = Path(run.config().dataset.path)
        describe(data, load_dataset(data)["curve"], Description(unit="MPa"))
        with (tmp_path / "b.zip").open("wb") as file:
            write_bundle(run, file)
        there = Path(unpack(tmp_path / "b.zip", tmp_path / "there").config().dataset.path)
        assert load_dataset(there)["curve"].unit == "MPa"

    def test_a_name_that_no_import_would_take_is_told_of_here(self, run):
        data = Path(run.config().dataset.path)
        data.with_name("curves.metadata.10:00.csv").touch()
        with pytest.raises(DataError, match=r"10:00\.csv' is a name that not every machine allows"):
            write_bundle(run, io.BytesIO())


class TestUnpacking:
    def test_it_is_whole_with_its_data_inside(self, content, tmp_path):
        folder = unpack(written(tmp_path / "b.zip", content), tmp_path / "there")
        config = folder.config()
        assert config.name == "there"
        dataset = load_dataset(Path(config.dataset.path))
        assert Path(config.dataset.path).parent == folder.path / "data"
        assert dataset.fingerprint() == config.dataset.sha256
        assert list(dataset.metadata["batch"]) == [1] * 30
        assert folder.status() == Status(state=RunState.CANCELLED, epoch=3)

    def test_without_data_it_says_where_they_are_wanted(self, run, tmp_path):
        with (tmp_path / "b.zip").open("wb") as file:
            write_bundle(run, file, with_data=False)
        folder = unpack(tmp_path / "b.zip", tmp_path / "there")
        assert folder.config().dataset.path == str(tmp_path / "there" / "data" / "curves.npz")

    def test_a_process_of_another_machine_is_none_of_ours(self, content, tmp_path):
        told = Status(state=RunState.RUNNING, pid=1, process_created=0.0)
        content["run/status.json"] = told.model_dump_json().encode()
        status = unpack(written(tmp_path / "b.zip", content), tmp_path / "there").status()
        assert (status.state, status.pid) == (RunState.CANCELLED, None)

    def test_a_taken_place_stays_as_it_is(self, content, tmp_path):
        (tmp_path / "there").mkdir()
        with pytest.raises(RunFolderError, match="already exists"):
            unpack(written(tmp_path / "b.zip", content), tmp_path / "there")
        assert everything(tmp_path / "there") == set()


def _arrays_that_lie(content: dict[str, bytes]) -> None:
    header = io.BytesIO()
    shape = {"descr": "<f8", "fortran_order": False, "shape": (2**40,)}
    np.lib.format.write_array_header_1_0(header, shape)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as to:
        to.writestr("latent.npy", header.getvalue())
    content["run/snapshots/0001.npz"] = packed.getvalue()


def _pickle(content: dict[str, bytes]) -> None:
    packed = io.BytesIO()
    np.savez(packed, latent=np.array([{}], dtype=object))
    content["run/snapshots/0001.npz"] = packed.getvalue()


def _nested_bomb(content: dict[str, bytes]) -> None:
    packed = io.BytesIO()
    np.savez_compressed(packed, latent=np.zeros(2**24))
    content["run/snapshots/0001.npz"] = packed.getvalue()


TABLE = (
    "CREATE TABLE metrics (step INTEGER, epoch INTEGER, stage TEXT, term TEXT, value REAL, "
    "time REAL, PRIMARY KEY (epoch, term))"
)
DATABASES = {
    "a view": ["CREATE VIEW metrics AS WITH RECURSIVE n(x) AS (SELECT 1) SELECT x FROM n"],
    "a trigger": [TABLE, "CREATE TRIGGER t AFTER INSERT ON metrics BEGIN SELECT 1; END"],
    "a computed column": [TABLE, "ALTER TABLE metrics ADD COLUMN x AS (zeroblob(9)) VIRTUAL"],
    "an unknown stage": [TABLE, "INSERT INTO metrics VALUES (1, 1, 'evil', 'train/elbo', 1, 0)"],
    "no number": [TABLE, "INSERT INTO metrics VALUES (1, 1, 'joint', 'train/elbo', 'evil', 0)"],
}


def _with(place: str, held: bytes = b"x") -> Change:
    return lambda content: content.update({place: held})


def _changed(place: str, old: bytes, new: bytes) -> Change:
    def change(content: dict[str, bytes]) -> None:
        assert old in content[place]
        content[place] = content[place].replace(old, new)

    return change


HOSTILE: dict[str, Change] = {
    "out of the folder": _with("run/../../evil.json"),
    "out of the data": _with("data/../evil.npz"),
    "absolute": _with("/etc/evil"),
    "absolute in data": _with("data//etc/evil"),
    "backslashes": _with("data/..\\evil.npz"),
    "too deep": _with("data/a/b/c/d/e/f/g"),
    "a hidden folder": _with("data/.a/b"),
    "no name": _with("data/a//b"),
    "a drive": _with("data/C:evil"),
    "hidden": _with("data/.evil"),
    "a line end": _with("data/a\nb.npz"),
    "at the top": _with("evil.py"),
    "no file of a run": _with("run/evil.py"),
    "no file of its data": _with("run/data/evil.npz"),
    "a deeper folder": _with("run/checkpoint/more/000001.safetensors"),
    "a long name": _with("data/" + "a" * 300),
    "a long title": _with("run/label.json", b'{"title": "' + b"a" * 300 + b'"}'),
    "two of one name": lambda c: c.update({"data/CURVES.npz": b"x"}),
    "too many": lambda c: c.update({f"run/snapshots/{i:06d}.npz": b"" for i in range(20_001)}),
    "a zip bomb": _with("data/zeros.csv", bytes(2**27)),
    "arrays that lie": _arrays_that_lie,
    "pickled objects": _pickle,
    "a zip bomb in an npz": _nested_bomb,
    "no npz": _with("run/snapshots/0001.npz"),
    "no settings": lambda c: c.pop("run/config.json") and None,
    "settings that are none": _with("run/config.json", b"{}"),
    "settings in no encoding": _with("run/config.json", b"\xff\xfe"),
    "data elsewhere": _changed(
        "run/config.json", b'"name": "curves.npz"', b'"name": "../../curves.npz"'
    ),
    "a status that is none": _with("run/status.json", b'{"state": "evil"}'),
    "names that are none": _with("run/names.json", b"[]"),
    "no database": _with("run/metrics.sqlite", b"SQL" * 5000),
    "a result that is none": _with("run/result/dag.json", b'{"nodes": []}'),
}


@pytest.mark.parametrize("change", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_bundle_is_one_sentence_and_leaves_nothing(change, content, tmp_path, capsys):
    change(content)
    path = written(tmp_path / "b.zip", content)
    before = everything(tmp_path)
    assert main(["import", str(path), "--out", str(tmp_path / "in" / "run")]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("error: ")
    assert len(told.err.splitlines()) == 1
    assert everything(tmp_path) - {tmp_path / "in"} == before
    assert not (tmp_path / "in").exists() or everything(tmp_path / "in") == set()
    workspace = Workspace(tmp_path / "workspace")
    with pytest.raises(RunFolderError):
        bring_in(path, workspace)
    assert not [p for p in everything(workspace.root) if p.is_file()]


@pytest.mark.parametrize("statements", DATABASES.values(), ids=DATABASES)
def test_a_database_of_more_than_numbers_is_refused(content, tmp_path, statements):
    path = tmp_path / "hostile.sqlite"
    with closing(sqlite3.connect(path)) as db:
        for statement in statements:
            db.execute(statement)
        db.commit()
    content["run/metrics.sqlite"] = path.read_bytes()
    with pytest.raises(RunFolderError, match="cannot be read"):
        unpack(written(tmp_path / "b.zip", content), tmp_path / "there")
    assert not (tmp_path / "there").exists()


def _entry(place: str, mode: int = 0, flags: int = 0) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(place)
    info.external_attr = mode << 16
    info.flag_bits |= flags
    return info


@pytest.mark.parametrize("mode", [stat.S_IFLNK | 0o777, stat.S_IFIFO | 0o644])
def test_links_and_devices_are_refused(content, tmp_path, mode):
    path = written(tmp_path / "b.zip", content)
    with zipfile.ZipFile(path, "a") as to:
        to.writestr(_entry("data/link.csv", mode), "/etc/passwd")
    with pytest.raises(RunFolderError, match="link or a device"):
        unpack(path, tmp_path / "there")
    assert not (tmp_path / "there").exists()


def test_unusual_packing_is_refused(content, tmp_path):
    path = written(tmp_path / "b.zip", content)
    with zipfile.ZipFile(path, "a") as to:
        to.writestr(zipfile.ZipInfo("data/more.csv"), "x", zipfile.ZIP_LZMA)
    with pytest.raises(RunFolderError, match="packed in an unusual way"):
        unpack(path, tmp_path / "there")


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "text"])
def test_damage_is_told(content, tmp_path, damage):
    path = written(tmp_path / "b.zip", content)
    whole = path.read_bytes()
    middle = len(whole) // 2
    path.write_bytes(
        {
            "cut": whole[:middle],
            "flipped": whole[:middle] + bytes([whole[middle] ^ 255]) + whole[middle + 1 :],
            "empty": b"",
            "text": b"no archive",
        }[damage]
    )
    with pytest.raises(RunFolderError, match=r"anew|damaged"):
        unpack(path, tmp_path / "there")
    assert not (tmp_path / "there").exists()


def test_a_size_that_is_understated_is_found_out(content, tmp_path):
    path = written(tmp_path / "b.zip", content)
    size = len(content["data/curves.npz"]).to_bytes(4, "little")
    whole = path.read_bytes()
    assert whole.count(size) >= 2
    path.write_bytes(whole.replace(size, (100).to_bytes(4, "little")))
    with pytest.raises(RunFolderError):
        unpack(path, tmp_path / "there")
    assert not (tmp_path / "there").exists()


def test_more_than_the_disk_has_is_told_before_it_is_written(content, tmp_path, monkeypatch):
    monkeypatch.setattr(archives.shutil, "disk_usage", lambda _: type("Disk", (), {"free": 10}))
    with pytest.raises(RunFolderError, match="are free"):
        unpack(written(tmp_path / "b.zip", content), tmp_path / "there")


WRONG_RESULTS = {
    "other nodes": ("run/result/dag.json", b'"node_1"', b'"node_9"'),
    "other states": ("run/result/dag.json", b'"states": 2', b'"states": 3'),
    "a state there is not": ("run/result/assignments.csv", b",0\n", b",7\n"),
    "a name of two lines": ("run/names.json", b'"phase"', b'"two\\nlines"'),
    "networks larger than the data": ("run/result/model.safetensors", b"[20]", b"[99]"),
    "weights that are none": ("run/result/model.safetensors", b"modalities", b"modalitiez"),
}


@pytest.fixture
def result(tmp_path, monkeypatch) -> dict[str, bytes]:
    """What the bundle of a run with a result holds, by place."""
    monkeypatch.setenv("CAUSALPIMA_WORKSPACE", str(tmp_path / "workspace"))
    folder = write_run(write_dataset("some", 1), RunState.FINISHED, (2,))
    write_model(folder)
    folder.write_names(Names(nodes={"node_1": "phase"}))
    file = io.BytesIO()
    write_bundle(folder, file)
    with zipfile.ZipFile(file) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


def test_a_result_that_fits_is_taken(result, tmp_path):
    folder = unpack(written(tmp_path / "b.zip", result), tmp_path / "there")
    assert folder.names().node("node_1") == "phase"
    assert len(folder.snapshot_epochs()) == 3


@pytest.mark.parametrize(("place", "old", "new"), WRONG_RESULTS.values(), ids=WRONG_RESULTS)
def test_a_result_that_does_not_fit_its_settings_is_refused(result, tmp_path, place, old, new):
    assert old in result[place]
    result[place] = result[place].replace(old, new)
    with pytest.raises(RunFolderError, match=r"cannot be read|is damaged"):
        unpack(written(tmp_path / "b.zip", result), tmp_path / "there")
    assert not (tmp_path / "there").exists()


def test_a_file_that_is_not_there(tmp_path, capsys):
    assert main(["import", str(tmp_path / "no.zip"), "--out", str(tmp_path / "run")]) == 2
    assert "No such file" in capsys.readouterr().err

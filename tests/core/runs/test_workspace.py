"""The workspace keeps what it is given, under names that cannot leave it."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from causalpima_core.errors import RunFolderError
from causalpima_core.runs.workspace import MAX_NAME, Workspace, plain_name


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path)


@given(st.text())
@example("x" * (MAX_NAME - 1) + "-y")
def test_a_plain_name_is_one_visible_part_of_a_path(text):
    name = plain_name(text)
    assert Path(name).parts == (name,)
    assert not name.startswith((".", "-"))
    assert 0 < len(name) <= MAX_NAME
    assert plain_name(name) == name


def test_root_is_given_or_from_the_environment_or_at_home(tmp_path, monkeypatch):
    monkeypatch.setenv("CAUSALPIMA_WORKSPACE", str(tmp_path / "set"))
    assert Workspace().root == tmp_path / "set"
    assert Workspace(tmp_path / "given").root == tmp_path / "given"
    monkeypatch.delenv("CAUSALPIMA_WORKSPACE")
    assert Workspace().root == Path.home() / ".causalpima"


def test_an_empty_workspace_is_empty(workspace):
    assert workspace.runs() == []
    assert workspace.datasets() == []


def test_runs_are_found_by_name_and_other_folders_are_not_runs(workspace, make_run):
    workspace.runs_folder.mkdir()
    folder = make_run("runs/first")
    (workspace.runs_folder / "notes").mkdir()
    assert [run.path for run in workspace.runs()] == [folder.path]
    assert workspace.run("first").path == folder.path
    for name in ("second", "notes", "../runs/first", "."):
        with pytest.raises(RunFolderError):
            workspace.run(name)


@settings(deadline=None)  # what it writes, it waits for the disk to have
@given(
    st.text() | st.sampled_from(["..", "../runs", "/etc", "a\0b", "x" * 300, "<script>", "=1+1"])
)
def test_no_name_leads_out_of_the_workspace(name):
    with tempfile.TemporaryDirectory() as root:
        place = Workspace(Path(root) / "inner")
        (Path(root) / "config.json").touch()
        with pytest.raises(RunFolderError):
            place.run(name)
        with pytest.raises(RunFolderError):
            place.dataset(name)
        assert place.new_run_path(name).parent == place.runs_folder
        kept = place.keep_upload(name, b"content")
        assert kept.resolve().parent == place.datasets_folder.resolve()
        assert place.dataset(kept.name) == kept


def test_a_taken_name_is_numbered(workspace):
    for expected in ("my-run", "my-run-2", "my-run-3"):
        path = workspace.new_run_path("my run")
        assert path.name == expected
        path.mkdir(parents=True)


def test_the_same_upload_is_kept_once_and_another_beside_it(workspace):
    first = workspace.keep_upload("../my data.csv", b"x\n1\n2\n")
    assert first.parent == workspace.datasets_folder
    assert workspace.keep_upload("../my data.csv", b"x\n1\n2\n") == first
    second = workspace.keep_upload("../my data.csv", b"x\n1\n3\n")
    assert second != first
    assert first.read_bytes() == b"x\n1\n2\n"
    assert set(workspace.datasets()) == {first, second}
    assert workspace.dataset(first.name) == first


def test_the_truth_beside_an_example_is_no_dataset(workspace):
    workspace.datasets_folder.mkdir()
    for name in ("a.npz", "a.truth.json", "a.truth.csv", "a.units.json", ".hidden"):
        (workspace.datasets_folder / name).touch()
    assert [path.name for path in workspace.datasets()] == ["a.npz"]
    with pytest.raises(RunFolderError, match="There is no dataset"):
        workspace.dataset("../secret")


def test_the_second_run_of_a_long_name_is_found_as_well(workspace, make_run):
    name = "My-tensile-tests-of-printed-lattices-2024-abcd1234-2x2x2-standard-s0"
    for _ in range(11):
        path = workspace.new_run_path(name)
        make_run(path.relative_to(workspace.root).as_posix())
        assert workspace.run(path.name).path == path
    assert len(workspace.runs()) == 11

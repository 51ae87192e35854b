"""A damaged file is named in one sentence, wherever it is met, and the rest of the run is shown."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from causalpima_core.__main__ import main
from causalpima_core.errors import CausalPimaError
from causalpima_core.runs import supervisor, worker
from causalpima_core.runs.records import RunState
from causalpima_core.runs.store import RunFolder
from tests.faults.tiny import assert_same_result

DAMAGE = {
    "garbage": lambda content: bytes(range(256)) * (1 + len(content) // 256),
    "truncated": lambda content: content[: len(content) * 2 // 3],
    "empty": lambda content: b"",
}
FILES = (
    "config.json",
    "status.json",
    "names.json",
    "label.json",
    "metrics.sqlite",
    "snapshots",
    "checkpoint",
    "result/dag.json",
    "result/summary.json",
    "result/assignments.csv",
    "result/arrays.npz",
    "result/model.safetensors",
)
PAGES = ("live", "runs", "compare", "latent", "features", "graph", "crossmodal", "physics")


@pytest.fixture(scope="module")
def original(whole: RunFolder, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A run that was trained, with names and a title."""
    folder = RunFolder(tmp_path_factory.mktemp("original") / "run")
    shutil.copytree(whole.path, folder.path)
    (folder.path / "names.json").write_text('{"nodes": {"node_1": "cause"}}')
    (folder.path / "label.json").write_text('{"title": "Thin films"}')
    return folder


def damaged(original: RunFolder, root: Path, file: str, how: str) -> RunFolder:
    """A copy of the run in which a file, or the newest of a folder's, is damaged."""
    folder = RunFolder(root / "runs" / "run")
    shutil.copytree(original.path, folder.path)
    path = folder.path / file
    if path.is_dir():
        path = max(path.iterdir())
    path.write_bytes(DAMAGE[how](path.read_bytes()))
    return folder


@pytest.mark.parametrize("how", DAMAGE)
class TestReading:
    @pytest.mark.parametrize(
        ("file", "read"),
        [
            ("config.json", RunFolder.config),
            ("status.json", RunFolder.status),
            ("names.json", RunFolder.names),
            ("label.json", RunFolder.label),
            ("result/dag.json", RunFolder.graph),
            ("result/summary.json", RunFolder.summary),
            ("result/assignments.csv", RunFolder.assignments),
            ("result/arrays.npz", RunFolder.arrays),
            ("snapshots", lambda folder: folder.snapshot(folder.snapshot_epochs()[-1])),
        ],
    )
    def test_names_the_file_and_the_run(self, original, tmp_path, file, read, how):
        folder = damaged(original, tmp_path, file, how)
        with pytest.raises(CausalPimaError) as told:
            read(folder)
        assert file.removeprefix("result/").split(".")[0] in str(told.value)
        assert len(str(told.value).splitlines()) == 1

    def test_of_the_losses_names_the_file_or_finds_none(self, original, tmp_path, how):
        folder = damaged(original, tmp_path, "metrics.sqlite", how)
        if how == "empty":
            assert folder.metrics().empty
            return
        with pytest.raises(CausalPimaError, match=r"metrics\.sqlite of run 'run' is damaged"):
            folder.metrics()


def test_assignments_without_the_last_rows_are_no_assignments(original, tmp_path):
    folder = RunFolder(tmp_path / "run")
    shutil.copytree(original.path, folder.path)
    path = folder.path / "result" / "assignments.csv"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:-1]))
    with pytest.raises(CausalPimaError, match=r"assignments\.csv of run 'run' cannot be read"):
        folder.assignments()
    (folder.path / "config.json").write_text("{")
    assert len(folder.assignments()) == len(lines) - 2, "how many there were is not known"


@pytest.mark.parametrize("how", DAMAGE)
@pytest.mark.parametrize("file", FILES)
class TestCommandLine:
    def test_status_and_export_answer_or_say_why(self, original, tmp_path, file, how, capsys):
        folder = damaged(original, tmp_path, file, how)
        assert main(["status", str(folder.path)]) == 0
        for suffix in (".json", ".csv"):
            code = main(["export", str(folder.path), "--to", str(tmp_path / f"out{suffix}")])
            said = capsys.readouterr().err
            own = {".json": "dag", ".csv": "assignments"}[suffix]
            needed = file.startswith(("result/dag", f"result/{own}"))
            assert code == (2 if needed else 0), said
            assert len(said.splitlines()) == (1 if needed else 0)
        assert {p.name for p in tmp_path.iterdir()} <= {"runs", "out.json", "out.csv"}


@pytest.mark.app
@pytest.mark.slow
@pytest.mark.parametrize(
    ("how", "pages"), [("truncated", PAGES), ("garbage", ("live", "graph")), ("empty", ("live",))]
)
@pytest.mark.parametrize("file", FILES)
def test_no_page_breaks(original, tmp_path, monkeypatch, open_page, file, how, pages):
    monkeypatch.setenv("CAUSALPIMA_WORKSPACE", str(tmp_path))
    damaged(original, tmp_path, file, how)
    for page in pages:
        app = open_page(page, run="run")
        assert not app.exception, (page, [e.value for e in app.exception])
        told = [e.value for kind in (app.error, app.warning) for e in kind]
        assert len(set(told)) == len(told), (page, told)


@pytest.mark.slow
class TestResume:
    @pytest.mark.parametrize("how", DAMAGE)
    def test_takes_the_checkpoint_before_a_damaged_one(self, original, tmp_path, how):
        folder = damaged(original, tmp_path, "checkpoint", how)
        newest, before = sorted(p.stem for p in folder.checkpoints.iterdir())[::-1]
        assert worker.train(folder) is RunState.FINISHED
        status = folder.status()
        (said,) = [note for note in status.notes if "Damaged" in note]
        assert newest in said
        assert f"epoch {int(before)}" in said
        kept = tuple(note for note in status.notes if note != said)
        folder.write_status(status.model_copy(update={"notes": kept}))
        assert_same_result(folder, original)

    def test_sees_a_checkpoint_in_which_one_bit_is_wrong(self, original, tmp_path):
        folder = damaged(original, tmp_path, "label.json", "empty")
        newest = max(folder.checkpoints.iterdir())
        content = bytearray(newest.read_bytes())
        content[-100] ^= 1
        newest.write_bytes(content)
        assert worker.train(folder) is RunState.FINISHED
        assert any(newest.stem in note for note in folder.status().notes)

    def test_begins_anew_where_no_checkpoint_can_be_read(self, original, tmp_path):
        folder = damaged(original, tmp_path, "label.json", "empty")
        for path in folder.checkpoints.iterdir():
            path.write_bytes(b"x")
        assert worker.train(folder) is RunState.FINISHED
        assert "training went on from epoch 0" in folder.status().notes[0]
        assert folder.graph() == original.graph()

    @pytest.mark.parametrize("file", ["result/dag.json", "result/arrays.npz", "metrics.sqlite"])
    def test_writes_anew_what_was_damaged(self, original, tmp_path, file, capsys):
        folder = damaged(original, tmp_path, file, "garbage")
        code = main(["resume", str(folder.path), "--quiet"])
        said = capsys.readouterr()
        assert code == 0, said.err
        if file.startswith("result"):
            assert "cannot be read" in said.err
            folder.check_result()
            assert folder.graph() == original.graph()
        else:
            assert "finished already" in said.err

    def test_keeps_a_damaged_history_beside_the_new_one(self, original, tmp_path):
        folder = damaged(original, tmp_path, "metrics.sqlite", "truncated")
        for path in folder.checkpoints.iterdir():
            path.unlink()
        assert worker.train(folder) is RunState.FINISHED
        assert "history of the loss was damaged" in folder.status().notes[0]
        assert len(folder.metrics()) == len(original.metrics())
        assert (folder.path / "damaged-metrics.sqlite").exists()

    def test_a_damaged_status_counts_as_failed_until_it_is_written_anew(self, original, tmp_path):
        folder = damaged(original, tmp_path, "status.json", "truncated")
        status = supervisor.current_status(folder)
        assert status.state is RunState.FAILED
        assert "status.json of run 'run' cannot be read" in (status.reason or "")
        assert main(["resume", str(folder.path), "--quiet"]) == 0
        assert folder.status().state is RunState.FINISHED
        assert_same_result(folder, original)

    def test_damaged_settings_are_named(self, original, tmp_path, capsys):
        folder = damaged(original, tmp_path, "config.json", "truncated")
        assert main(["resume", str(folder.path)]) in (0, 2)
        assert "finished already" in capsys.readouterr().err

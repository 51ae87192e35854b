"""A run folder is whole at every moment, whoever writes it and however they end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from causalpima_core import config
from causalpima_core.errors import ConfigError, RunFolderError
from causalpima_core.runs.files import drafts, replacing
from causalpima_core.runs.records import EpochRecord, RunState, Snapshot, Stage, Status
from causalpima_core.runs.store import RunFolder


def snapshot(epoch: int, rng: np.random.Generator) -> Snapshot:
    return Snapshot(
        epoch=epoch,
        stage=Stage.JOINT,
        temperature=0.25,
        sample=np.arange(5),
        latent=rng.normal(size=(5, 4)).astype(np.float32),
        component=np.arange(5) % 3,
        means=rng.normal(size=(3, 4)).astype(np.float32),
        covariances=np.stack([np.eye(4, dtype=np.float32)] * 3),
        weights=np.full(3, 1 / 3, dtype=np.float32),
        edges=np.zeros((2, 2), dtype=np.float32),
        separation=np.ones(2, dtype=np.float32),
    )


class TestCreate:
    def test_a_new_run_has_its_settings_and_waits(self, make_run):
        folder = make_run()
        assert folder.config().model.states == (2, 3)
        assert folder.status().state is RunState.QUEUED
        assert not folder.has_result
        assert folder.path.stat().st_mode & 0o777 == 0o755

    def test_its_latent_dimensions_outlive_a_change_of_the_default(self, make_run, monkeypatch):
        folder = make_run()
        before = folder.config().model.n_latent
        monkeypatch.setattr(config, "LEAST_LATENT", before + 8)
        assert folder.config().model.n_latent == before
        assert make_run("later").config().model.n_latent == before + 8

    def test_a_taken_name_is_refused_and_left_alone(self, make_run, tmp_path):
        (tmp_path / "run").mkdir()
        (tmp_path / "run" / "mine.txt").write_text("mine")
        with pytest.raises(RunFolderError, match="already exists"):
            make_run()
        assert [p.name for p in tmp_path.rglob("*")] == ["run", "mine.txt"]

    def test_a_place_that_cannot_be_written(self, make_run, tmp_path):
        (tmp_path / "file").write_text("not a folder")
        with pytest.raises(RunFolderError, match="Cannot write a run folder"):
            make_run("file/run")
        assert [p.name for p in tmp_path.iterdir()] == ["file"]

    def test_what_a_killed_process_was_making_is_removed_and_nothing_else(self, make_run, tmp_path):
        places = [
            tmp_path / name for name in (".new-run-abcd1234", ".new-run-efgh5678", ".my-abcd1234")
        ]
        for place in places:
            place.mkdir()
            (place / "file").touch()
        for place in (places[0], places[2]):
            for path in (place / "file", place):
                os.utime(path, (1.0, 1.0))
        make_run()
        assert [place.exists() for place in places] == [False, True, True]

    def test_a_folder_that_is_no_run(self, tmp_path):
        for use in (RunFolder.require, RunFolder.config, RunFolder.status, RunFolder.delete):
            with pytest.raises(RunFolderError, match="is not a run folder"):
                use(RunFolder(tmp_path))
        assert tmp_path.exists()


class TestStatus:
    def test_is_read_as_written(self, make_run):
        status = Status(
            state=RunState.RUNNING, stage=Stage.JOINT, epoch=3, epochs=9, notes=("a", "b")
        )
        folder = make_run()
        folder.write_status(status)
        assert folder.status() == status

    def test_the_last_word_leaves_nothing_to_tidy_up_behind_it(self, make_run):
        folder = make_run()
        folder.reserve()
        assert len(drafts(folder.path)) == 1
        status = Status(state=RunState.FINISHED, epoch=9, epochs=9)
        folder.write_last_status(status)
        assert folder.status() == status
        assert not drafts(folder.path)
        assert (folder.path / "status.json").stat().st_mode & 0o777 == 0o644

    def test_half_a_file_is_told_and_a_newer_field_is_not_minded(self, make_run):
        folder = make_run()
        path = folder.path / "status.json"
        path.write_text('{"state": "run')
        with pytest.raises(RunFolderError, match=r"status.json of run 'run' cannot be read"):
            folder.status()
        path.write_text('{"state": "running", "from_the_future": 1}')
        assert folder.status().state is RunState.RUNNING

    def test_settings_that_were_edited_badly(self, make_run):
        folder = make_run()
        content = json.loads((folder.path / "config.json").read_text())
        content["model"]["states"] = [1]
        (folder.path / "config.json").write_text(json.dumps(content))
        with pytest.raises(ConfigError, match="at least 2 states"):
            folder.config()

    def test_asking_to_stop_can_be_taken_back_any_number_of_times(self, make_run):
        folder = make_run()
        for _ in range(2):
            folder.request_cancel()
            assert folder.cancel_requested
        for _ in range(2):
            folder.withdraw_cancel()
            assert not folder.cancel_requested


class TestHistory:
    def test_an_epoch_done_again_replaces_itself(self, make_run):
        folder = make_run()
        assert folder.metrics().empty
        for epoch, value in [(1, 5.0), (2, 4.0), (2, 3.0)]:
            terms = {"train/elbo": value, "held_out/elbo": value + 1}
            folder.append_metrics(EpochRecord(Stage.WARM_UP, epoch, 10 * epoch, terms))
        metrics = folder.metrics().pivot(index="epoch", columns="term", values="value")
        assert metrics["train/elbo"].to_dict() == {1: 5.0, 2: 3.0}
        assert metrics["held_out/elbo"].to_dict() == {1: 6.0, 2: 4.0}

    def test_snapshots_are_read_as_written_in_order(self, make_run, rng):
        folder = make_run()
        for epoch in (12, 3, 10000):
            folder.write_snapshot(snapshot(epoch, rng))
        assert folder.snapshot_epochs() == [3, 12, 10000]
        written = snapshot(7, rng)
        folder.write_snapshot(written)
        read = folder.snapshot(7)
        assert (read.stage, read.epoch, read.temperature) == (Stage.JOINT, 7, 0.25)
        for name in ("latent", "component", "means", "covariances", "edges"):
            np.testing.assert_array_equal(getattr(read, name), getattr(written, name))


class TestResult:
    def test_is_read_as_written(self, finished_run, graph, assignments):
        assert finished_run.has_result
        assert finished_run.graph() == graph
        assert finished_run.summary().warnings == ["node_2 is not separated."]
        read = finished_run.assignments()
        assert list(read["sample"]) == list(assignments["sample"])
        np.testing.assert_allclose(read["confidence"], assignments["confidence"])
        assert finished_run.arrays()["latent_mean"].shape == (8, 2)

    def test_dag_json_has_the_promised_layout(self, finished_run):
        dag = json.loads((finished_run.path / "result" / "dag.json").read_text())
        assert list(dag) == ["nodes", "edges", "tables", "components"]
        assert set(dag["nodes"][0]) == {"name", "states", "separation"}
        assert set(dag["edges"][0]) == {
            "source",
            "target",
            "weight",
            "direction",
            "probability",
            "probability_of_direction",
        }
        assert dag["tables"]["node_1"] == {"parents": [], "probabilities": [0.25, 0.75]}
        assert dag["components"][-1] == {"outcome": [1, 2, 1], "weight": 1 / 12}

    def test_is_told_where_there_is_none(self, make_run):
        folder = make_run()
        for read in (folder.graph, folder.summary, folder.assignments, folder.arrays):
            with pytest.raises(RunFolderError, match="has no result yet"):
                read()

    def test_not_a_number_does_not_get_into_json(self, make_run, graph):
        broken = graph.edges[0].model_copy(update={"weight": float("nan")})
        folder = make_run()
        with pytest.raises(ValueError, match="not JSON compliant"):
            folder.write_result(
                graph.model_copy(update={"edges": [broken]}),
                *_rest_of_a_result(),
            )
        assert not folder.has_result


def _rest_of_a_result() -> tuple:
    import pandas as pd

    from causalpima_core.runs.results import Summary

    summary = Summary(
        held_out_elbo={},
        modality_error={},
        assignment_entropy=0.0,
        start={},
        nodes=[],
        score_gap=0.0,
        warnings=[],
        seconds={},
    )
    return summary, pd.DataFrame({"sample": []}), {}, Path.touch


class TestReplacing:
    def test_an_error_leaves_the_old_file_and_nothing_else(self, tmp_path):
        path = tmp_path / "file"
        path.write_text("old")
        with pytest.raises(TypeError), replacing(path) as file:
            file.writelines([b"half of the n", None])
        assert path.read_text() == "old"
        assert list(tmp_path.iterdir()) == [path]

    def test_a_killed_writer_leaves_the_old_file(self, tmp_path):
        path = tmp_path / "file"
        path.write_text("old")
        script = (
            "import os, sys\n"
            "from pathlib import Path\n"
            "from causalpima_core.runs.files import drafts, replacing\n"
            "with replacing(Path(sys.argv[1])) as file:\n"
            "    file.write(b'new' * 10**6); file.flush()\n"
            f"    os.kill(os.getpid(), {signal.SIGKILL:d})\n"
        )
        ended = subprocess.run([sys.executable, "-c", script, path], check=False)
        assert ended.returncode == -signal.SIGKILL
        assert path.read_text() == "old"

    def test_a_reader_at_any_moment_sees_all_of_one_version(self, tmp_path):
        path = tmp_path / "file"
        path.write_bytes(b"0" * 10**5)
        script = (
            "import itertools, sys\n"
            "from pathlib import Path\n"
            "from causalpima_core.runs.files import drafts, replacing\n"
            "for digit in itertools.cycle(b'0123456789'):\n"
            "    with replacing(Path(sys.argv[1])) as file:\n"
            "        file.write(bytes([digit]) * 10**5)\n"
        )
        writer = subprocess.Popen([sys.executable, "-c", script, path])
        try:
            seen = set()
            while len(seen) < 5:
                content = path.read_bytes()
                assert len(content) == 10**5
                assert len(set(content)) == 1
                seen.add(content[0])
        finally:
            writer.kill()
            writer.wait()

    def test_mode_is_that_of_an_ordinary_file(self, tmp_path):
        with replacing(tmp_path / "file") as file:
            file.write(b"x")
        assert os.stat(tmp_path / "file").st_mode & 0o777 == 0o644  # noqa: PTH116

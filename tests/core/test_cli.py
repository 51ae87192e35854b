"""The command line as scripts rely on it: exit codes, what goes where, and nothing left behind."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pytest

from causalpima_core.__main__ import main
from causalpima_core.cli.options import model_config
from causalpima_core.cli.report import Progress, duration
from causalpima_core.runs.exports import WRITERS
from causalpima_core.runs.queue import Queue
from causalpima_core.runs.records import RunState, Stage, Status
from causalpima_core.runs.store import RunFolder

COMMAND = [sys.executable, "-m", "causalpima_core"]
FIT = ["fit", "good.npz", "--states", "2,2", "--out", "run"]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder the commands run in."""
    for name in ("OMP_NUM_THREADS", "OMP_WAIT_POLICY"):
        monkeypatch.setenv(name, "1" if "NUM" in name else "PASSIVE")
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def data(here: Path, rng: np.random.Generator) -> Path:
    """A folder with data of every kind that cannot be used, and one that can."""
    table = rng.normal(size=(20, 3))
    scattered, infinite = table.copy(), table.copy()
    scattered[3, 1] = np.nan
    infinite[3, 1] = np.inf
    for name, arrays in {
        "good": {"table": table},
        "objects": {"table": np.array([{"a": 1}] * 20, dtype=object)},
        "counts": {"a": table, "b": table[:10]},
        "scattered": {"table": scattered},
        "infinite": {"table": infinite},
        "empty": {"table": np.zeros((0, 3))},
        "single": {"table": table[:1]},
        "constant": {"table": np.ones((20, 3))},
        "channels": {"photo": np.zeros((20, 5, 9, 9))},
        "complex": {"table": table * 1j},
        "strings": {"table": table.astype(str)},
        "flat": {"table": table[:, 0]},
        "few": {"table": table[:5]},
    }.items():
        np.savez(here / f"{name}.npz", **arrays)
    (here / "text.npz").write_text("not an archive")
    (here / "empty.csv").touch()
    (here / "taken").mkdir()
    return here


def contents(folder: Path) -> dict[Path, bytes | None]:
    return {path: path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


def fit(name: str, states: str = "2,2", *more: str) -> list[str]:
    return ["fit", name, "--states", states, "--out", "run", *more]


A, B, C = "node_1:node_2", "node_2:node_3", "node_3:node_1"
BAD = {
    "not an npz": (fit("text.npz"), "is not an .npz file"),
    "object array": (fit("objects.npz"), "Python objects (pickle)"),
    "sample counts": (fit("counts.npz"), "a has 20, b has 10"),
    "scattered NaN": (fit("scattered.npz"), "NaN in part of sample 3"),
    "infinite": (fit("infinite.npz"), "infinite value in sample 3"),
    "empty modality": (fit("empty.npz"), "is empty"),
    "one sample": (fit("single.npz"), "at least 2 samples, got 1"),
    "constant": (fit("constant.npz"), "is constant"),
    "five channels": (fit("channels.npz"), "1 to 4 channels"),
    "complex": (fit("complex.npz"), "complex numbers"),
    "strings": (fit("strings.npz"), "holds text"),
    "one axis": (fit("flat.npz"), "reshape it to (n, 1)"),
    "empty csv": (fit("empty.csv"), "is empty"),
    "no such file": (fit("nowhere.npz"), "There is no file"),
    "unknown format": (fit("taken.xls"), "expected a folder or a file ending in .npz"),
    "an empty folder": (fit("taken"), "holds no file that can be read"),
    "more outcomes than samples": (fit("few.npz", "2,3"), "6 joint outcomes but there are only 5"),
    "one state": (fit("good.npz", "1,2"), "at least 2 states, got 1"),
    "no number": (fit("good.npz", "2,x"), "'x' is not a whole number"),
    "nothing": (fit("good.npz", ""), "is not a whole number"),
    "automatic, but nodes named": (
        fit("good.npz", "auto", "--require", A),
        "give the number of states per node",
    ),
    "cycle": (
        fit("good.npz", "2,2,2", "--require", A, "--require", B, "--require", C),
        "form a cycle",
    ),
    "required and forbidden": (
        fit("good.npz", "2,2", "--require", A, "--forbid", A),
        "both required and forbidden",
    ),
    "unknown node": (fit("good.npz", "2,2", "--forbid", "node_1:hue"), "Unknown node 'hue'"),
    "no edge": (fit("good.npz", "2,2", "--forbid", "node_1"), "expected SOURCE:TARGET"),
    "no tier": (fit("good.npz", "2,2", "--tier", "node_1"), "expected NODE,NODE:NUMBER"),
    "two tiers": (
        fit("good.npz", "2,2", "--tier", "node_1:1", "--tier", "node_1:2"),
        "in tier 1 and in tier 2",
    ),
    "preset": (fit("good.npz", "2,2", "--preset", "slow"), "'quick', 'standard', 'thorough'"),
    "seed": (fit("good.npz", "2,2", "--seed", "-1"), "Setting 'seed' is not valid"),
    "seed too large": (
        fit("good.npz", "2,2", "--seed", "99999999999999999999999"),
        "Setting 'seed' is not valid",
    ),
    "seed of letters": (fit("good.npz", "2,2", "--seed", "x"), "--seed"),
    "latent": (fit("good.npz", "2,2", "--latent-dim", "1"), "Setting 'latent_dim' is not valid"),
    "law of nothing": (fit("good.npz", "2,2", "--expert", "line"), "expected MODALITY=NAME"),
    "law given twice": (
        fit("good.npz", "2,2", "--expert", "table=line", "--expert", "table=t"),
        "given twice for 'table'",
    ),
    "law of what is not there": (fit("good.npz", "2,2", "--expert", "stress=line"), "'stress'"),
    "law of a table": (fit("good.npz", "2,2", "--expert", "table=line"), "'table'"),
    "law with a call": (
        fit("good.npz", "2,2", "--expert", "table=open('good.npz')"),
        "not allowed",
    ),
    "scale of nothing": (fit("good.npz", "2,2", "--scale", "min-max"), "MODALITY=min-max"),
    "scale unknown": (fit("good.npz", "2,2", "--scale", "table=log"), "MODALITY=min-max"),
    "scale given twice": (
        fit("good.npz", "2,2", "--scale", "table=min-max", "--scale", "table=standard"),
        "given twice for 'table'",
    ),
    "scale of what is not there": (
        fit("good.npz", "2,2", "--scale", "stress=min-max"),
        "Unknown modality 'stress'",
    ),
    "existing run": ([*FIT[:-1], "taken"], "already exists"),
    "unwritable": ([*FIT[:-1], "good.npz/run"], "Cannot write a run folder"),
    "no command": ([], "Missing command"),
    "unknown command": (["train"], "No such command 'train'"),
    "unknown option": ([*FIT, "--fast"], "No such option: --fast"),
    "missing option": (FIT[:-2], "Missing option '--out'"),
    "missing argument": (["status"], "Missing argument 'RUN'"),
    "status of no run": (["status", "taken"], "is not a run folder"),
    "cancel of no run": (["cancel", "taken"], "is not a run folder"),
    "resume of no run": (["resume", "taken"], "is not a run folder"),
    "export of no run": (["export", "taken", "--to", "a.csv"], "is not a run folder"),
    "unknown example": (["examples", "squares", "--out", "a.npz"], "Unknown example 'squares'"),
    "unknown graph": (["examples", "circles", "--out", "a.npz", "--graph", "star"], "'chain'"),
    "example of one": (["examples", "circles", "--out", "a.npz", "--samples", "1"], "got 1"),
    "example as csv": (["examples", "circles", "--out", "a.csv"], "ending in .npz"),
}


def check_refusal(arguments: list[str], told: str, code: int, out: str, err: str) -> None:
    assert code == 2, arguments
    assert out == ""
    (line,) = err.splitlines()
    assert line.startswith("error: ")
    assert told in line


@pytest.mark.parametrize(("arguments", "told"), BAD.values(), ids=BAD)
def test_bad_input_is_one_line_and_leaves_nothing(data, capsys, arguments, told):
    before = contents(data)
    code = main(arguments)
    check_refusal(arguments, told, code, *capsys.readouterr())
    assert contents(data) == before


@pytest.mark.parametrize("name", ["not an npz", "object array", "cycle", "unknown option"])
def test_bad_input_in_a_process_of_its_own(data, name):
    arguments, told = BAD[name]
    before = contents(data)
    ended = subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, check=False)
    check_refusal(arguments, told, ended.returncode, ended.stdout, ended.stderr)
    assert contents(data) == before


def test_options_become_knowledge():
    model = model_config(
        " 2, 3,2 ",
        latent_dim=5,
        forbid=["node_1:node_2", "node_3 : node_2"],
        require=["node_1:node_3"],
        tiers=["node_1,node_2:0", "node_3:4"],
    )
    assert model.states == (2, 3, 2)
    assert model.n_latent == 5
    assert model.knowledge.forbidden == (("node_1", "node_2"), ("node_3", "node_2"))
    assert model.knowledge.required == (("node_1", "node_3"),)
    assert model.knowledge.tiers == {"node_1": 0, "node_2": 0, "node_3": 4}


class TestInterrupted:
    """Ctrl-C before the first epoch leaves no run, or one that says it was stopped."""

    INTERRUPTED = """
import signal, sys
# Whoever runs the tests in the background has Ctrl-C ignored, and so have its processes.
signal.signal(signal.SIGINT, signal.default_int_handler)
class Interrupting:
    def find_spec(name, path=None, target=None):
        if name == "torch":
            signal.raise_signal(signal.SIGINT)
sys.meta_path.insert(0, Interrupting)
from causalpima_core.__main__ import main
sys.exit(main(sys.argv[1:]))
"""

    def test_while_torch_is_loaded_nothing_is_there_yet(self, data):
        before = contents(data)
        command = [sys.executable, "-c", self.INTERRUPTED, *FIT, "--preset", "quick"]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        assert ended.returncode == 130
        assert "Traceback" not in ended.stderr
        assert contents(data) == before

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_once_the_run_is_there_it_is_cancelled(self, data, monkeypatch, capsys, number):
        counted = Queue.foreground

        def interrupted(queue: Queue, folder: RunFolder):
            assert folder.status().state is RunState.QUEUED
            signal.raise_signal(number)
            return counted(queue, folder)

        monkeypatch.setattr(Queue, "foreground", interrupted)
        assert main([*FIT, "--preset", "quick"]) == 130
        assert json.loads(capsys.readouterr().out)["state"] == "cancelled"
        folder = RunFolder(data / "run")
        assert folder.status().state is RunState.CANCELLED
        assert folder.status().epoch == 0
        assert not folder.cancel_requested


class TestRuns:
    """Commands about a run that need no training."""

    def test_status_is_json(self, finished_run, capsys):
        assert main(["status", str(finished_run.path)]) == 0
        out, err = capsys.readouterr()
        assert json.loads(out) == finished_run.status().model_dump(mode="json")
        assert err == ""

    @pytest.mark.parametrize("state", [s for s in RunState if s.is_final])
    def test_cancel_of_what_has_ended_says_so(self, make_run, capsys, state):
        folder = make_run(state=state)
        assert main(["cancel", str(folder.path)]) == 0
        assert f"is {state} already" in capsys.readouterr().out

    def test_resume_of_a_finished_run_says_so_and_shows_it(self, finished_run, capsys):
        assert main(["resume", str(finished_run.path)]) == 0
        out, err = capsys.readouterr()
        assert "is finished already" in err
        assert json.loads(out)["warnings"] == ["node_2 is not separated."]

    def test_resume_of_a_run_at_work_is_refused(self, make_run, capsys):
        us = psutil.Process()
        folder = make_run(state=RunState.RUNNING, pid=us.pid, process_created=us.create_time())
        assert main(["resume", str(folder.path)]) == 2
        assert f"is being trained already (process {us.pid})" in capsys.readouterr().err

    def test_a_run_whose_data_have_changed_fails_with_the_reason(self, make_run, tmp_path, capsys):
        folder = make_run()
        np.savez(tmp_path / "data.npz", table=np.arange(36.0).reshape(12, 3))
        assert main(["resume", str(folder.path), "--quiet"]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert "are not those the run was made with" in err
        assert len(err.splitlines()) == 1
        assert folder.status().state is RunState.FAILED
        assert "Traceback" in folder.log.read_text()

    @pytest.mark.parametrize("suffix", WRITERS)
    def test_export_prints_the_file_it_wrote(self, finished_run, tmp_path, capsys, suffix):
        to = tmp_path / f"out{suffix}"
        bare = ["--without-data"] if suffix == ".zip" else []  # this run never had any
        assert main(["export", str(finished_run.path), "--to", str(to), *bare]) == 0
        assert capsys.readouterr().out == f"{to}\n"
        assert to.stat().st_size > 0

    def test_no_result_yet(self, make_run, tmp_path, capsys):
        run = str(make_run().path)
        to = tmp_path / "out.csv"
        assert main(["export", run, "--to", str(to)]) == 2
        assert "has no result yet" in capsys.readouterr().err
        assert not to.exists()


class TestExamples:
    def test_the_truth_lies_beside_the_data(self, here, capsys):
        arguments = ["examples", "circles", "--out", "c.npz", "--samples", "30", "--seed", "4"]
        assert main([*arguments, "--graph", "collider"]) == 0
        assert capsys.readouterr() == ("c.npz\n", "")
        assert {path.name for path in here.iterdir()} == {
            "c.npz",
            "c.truth.json",
            "c.truth.csv",
        }
        truth = json.loads((here / "c.truth.json").read_text())
        assert {(e["source"], e["target"]) for e in truth["edges"]} == {
            ("hue", "position"),
            ("radius", "position"),
        }
        factors = pd.read_csv(here / "c.truth.csv")
        assert list(factors.columns) == ["sample", "hue", "radius", "position"]
        assert len(factors) == 30

    def test_the_same_seed_is_the_same_file(self, here):
        for name, seed in [("a", "1"), ("b", "1"), ("c", "2")]:
            main(["examples", "circles", "--out", f"{name}.npz", "--samples", "20", "--seed", seed])
        a, b, c = (np.load(here / f"{name}.npz") for name in "abc")
        with a, b, c:
            (image,) = (name for name in a.files if name != "sample_id")
            assert np.array_equal(a[image], b[image])
            assert not np.array_equal(a[image], c[image])


class TestProgress:
    class Terminal(list):
        """Collects what is written, as a terminal or a file would get it."""

        def __init__(self, *, isatty: bool) -> None:
            super().__init__()
            self.isatty = lambda: isatty
            self.write = self.append
            self.flush = lambda: None

    def tell(self, terminal: Terminal) -> str:
        progress = Progress(terminal)
        for epoch in range(3):
            progress(
                Status(
                    state=RunState.RUNNING,
                    stage=Stage.WARM_UP,
                    epoch=epoch,
                    epochs=9,
                    eta_seconds=75 - epoch,
                    notes=("One.", "Two.")[:epoch],
                )
            )
        progress.close()
        return "".join(terminal)

    def test_a_file_gets_each_stage_and_note_once(self):
        told = self.tell(self.Terminal(isatty=False))
        assert told == "Learning a latent space …\nOne.\nTwo.\n"

    def test_a_terminal_also_gets_a_line_that_moves(self):
        told = self.tell(self.Terminal(isatty=True))
        assert told.endswith("\r\x1b[2Kepoch 2 of 9, 1 min 13 s left\n")

    @pytest.mark.parametrize(
        ("seconds", "words"), [(0.4, "0 s"), (59.6, "1 min 0 s"), (3661, "1 h 1 min")]
    )
    def test_durations(self, seconds, words):
        assert duration(seconds) == words


def test_a_wrong_setting_of_the_machine_is_one_line(make_run, monkeypatch, capsys):
    folder = make_run("run")
    monkeypatch.setenv("CAUSALPIMA_MAX_TRAININGS", "abc")
    assert main(["status", str(folder.path)]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1

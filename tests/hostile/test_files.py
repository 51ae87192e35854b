"""Whatever a file tries, the command line says one sentence, ends with 2 and leaves nothing behind.

Each case is a real process that reads a real file; its peak memory and processor time are what the
system measured.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from causalpima_core.__main__ import main
from tests.hostile import archives, arrays, hdf5, pictures

CASES: dict[str, Callable[[Path], Path]] = {
    f"{module.__name__.rpartition('.')[2]}: {name.replace('_', ' ')}": make
    for module in (archives, arrays, pictures, hdf5)
    for name, make in vars(module).items()
    if callable(make) and getattr(make, "__module__", "") == module.__name__
    if not name.startswith("_") and not isinstance(make, type)
}
COMMANDS = {
    "fit": ["--states", "2,2", "--out", "run", "--preset", "quick"],
    "convert": ["--out", "converted.h5"],
}
GIBIBYTE = 2**20
"""In the kibibytes that Linux counts resident memory in."""
LONGEST = 10.0
"""Seconds of processor time, which other work on the machine does not lengthen."""


def test_the_corpus_is_whole():
    assert len(CASES) > 50


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("case", CASES)
def test_one_sentence_and_nothing_else(case, command, tmp_path):
    made, here = tmp_path / "made", tmp_path / "here"
    made.mkdir()
    here.mkdir()
    data = CASES[case](made)
    before = everything_below(tmp_path)
    code, told, peak, seconds = carry_out(command, data, here)
    assert code == 2, told
    assert told.startswith("error: ")
    assert told.endswith(".\n")
    assert told.count("\n") == 1
    assert told[:-1].isprintable()
    assert len(told) < 500
    assert everything_below(tmp_path) == before
    assert 0 < peak < GIBIBYTE
    assert 0 < seconds < LONGEST


def carry_out(command: str, data: Path, folder: Path) -> tuple[int | None, str, int, float]:
    """Exit code, what was said on stderr, peak resident memory and processor time of a process."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([_child.__module__, "causalpima_core.data.readers"])
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_child, args=(command, str(data), str(folder), theirs))
    process.start()
    theirs.close()
    process.join(60)
    peak, seconds = ours.recv() if ours.poll() else (0, 0.0)
    told = (folder / "stderr").read_text(encoding="utf-8")
    (folder / "stderr").unlink()
    return process.exitcode, told, peak, seconds


def _child(command: str, data: str, folder: str, spent: Connection) -> None:
    """The command as it is typed, but for the seconds that importing takes each time."""
    os.chdir(folder)
    os.environ["TMPDIR"] = folder
    with Path("stderr").open("w") as file:
        os.dup2(file.fileno(), 2)
    code = main([command, data, *COMMANDS[command]])
    usage = resource.getrusage(resource.RUSAGE_SELF)
    spent.send((usage.ru_maxrss, usage.ru_utime + usage.ru_stime))
    sys.exit(code)


def everything_below(folder: Path) -> dict[str, int]:
    return {str(p): p.lstat().st_size for p in folder.rglob("*") if not p.is_dir()}


def test_the_command_as_it_is_typed(tmp_path):
    data = archives.zip_of_one_part_counted_often(tmp_path)
    command = [sys.executable, "-m", "causalpima_core", "fit", str(data), "--states", "2,2"]
    done = subprocess.run(
        [*command, "--out", str(tmp_path / "run")], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "which never shrink so far" in done.stderr
    assert list(tmp_path.iterdir()) == [data]

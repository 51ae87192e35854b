"""What the tests of faults share: one run without any, and a small disk of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from causalpima_core.runs import worker
from causalpima_core.runs.records import RunState
from causalpima_core.runs.store import RunFolder
from tests.app.conftest import open_page as open_page
from tests.app.conftest import own_main as own_main
from tests.faults.tiny import new_run, short_search, write_data

DISK_BYTES = 8 * 1024 * 1024


@pytest.fixture(autouse=True, scope="module")
def _short_search() -> Iterator[None]:
    with short_search():
        yield


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A run that nothing happened to; only to be looked at."""
    root = tmp_path_factory.mktemp("whole")
    with short_search():
        folder = new_run(root / "run", write_data(root / "data.npz"))
        assert worker.train(folder) is RunState.FINISHED
    return folder


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_data(tmp_path / "data.npz")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of a few MB, which takes rights that a person need not have."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = mount("-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(place))
    if mounted.returncode:
        reason = f"A small disk cannot be mounted: {mounted.stderr.strip()}"
        if os.environ.get("CI"):
            pytest.fail(f"{reason}, and on CI this must be tested.")
        pytest.skip(reason)
    yield place
    subprocess.run([_found("umount"), "--lazy", str(place)], check=True)


def mount(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The command of that name."""
    command = [_found("mount"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _found(command: str) -> str:
    return shutil.which(command) or command

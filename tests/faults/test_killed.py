"""A worker killed at any moment leaves whole files, and its run goes on as if nothing had been."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter

import pytest

from causalpima_core.runs.files import drafts
from causalpima_core.runs.store import RunFolder
from tests.faults.killing import MOMENTS
from tests.faults.tiny import assert_same_result, write_data

KILLS = 54


@pytest.mark.slow
def test_a_run_killed_at_fifty_moments_ends_as_if_it_never_was(tmp_path):
    data = write_data(tmp_path / "data.npz")
    command = [sys.executable, "-m", "tests.faults.killing", tmp_path, data, str(KILLS), "0"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr[-3000:]
    told = json.loads(ended.stdout)
    moments = Counter(told["killed"])
    assert moments.total() == KILLS
    assert moments["at random"] >= 15
    assert set(MOMENTS) <= set(moments)
    whole = RunFolder(tmp_path / told["whole"])
    assert len(whole.graph().edges) == 1
    for name in told["runs"]:
        folder = RunFolder(tmp_path / name)
        assert_same_result(folder, whole)
        assert not [path for place in folder.path.rglob("*/") for path in drafts(place)]
        assert not drafts(folder.path)

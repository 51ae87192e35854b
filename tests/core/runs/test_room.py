"""What a workspace keeps and how much: once by content, within its limit, nothing half-written."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from causalpima_core.errors import CausalPimaError, ConfigError, DataError, RunFolderError
from causalpima_core.runs.limits import QUOTA, parse_size
from causalpima_core.runs.workspace import MAX_NAME, Workspace

FULL_DISK = """
import resource, sys
from causalpima_core.errors import RunFolderError
from causalpima_core.runs.workspace import Workspace
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
try:
    Workspace(sys.argv[1]).keep_upload("big.npz", bytes(50_000))
except RunFolderError as error:
    print(error)
"""

KILLED_PAGE = """
import sys, time
from causalpima_core.runs.workspace import Workspace

def check(path):
    print("checking", flush=True)
    sys.stdin.read()

Workspace(sys.argv[1]).keep_upload("draft.npz", b"draft", check)
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path)


def test_the_same_content_under_another_name_is_kept_once(workspace):
    first = workspace.keep_upload("first.npz", b"content")
    assert workspace.keep_upload("second.npz", b"content") == first
    assert workspace.datasets() == [first]


def test_the_same_bytes_in_another_format_are_other_data(workspace):
    first = workspace.keep_upload("data.csv", b"a,b\n1,2\n")
    assert workspace.keep_upload("data.tsv", b"a,b\n1,2\n") != first


def test_a_name_that_begins_with_the_digest_of_other_content_is_not_taken_for_it(workspace):
    first = workspace.keep_upload("data.npz", b"content")
    first.write_bytes(b"altered")
    second = workspace.keep_upload("data.npz", b"content")
    assert second != first
    assert second.read_bytes() == b"content"
    assert first.read_bytes() == b"altered"


@pytest.mark.parametrize(
    "name", ["x" * 300 + ".npz", "../" * 40 + "a.npz", ".npz", "a\n<b>.npz", "0.:"]
)
def test_any_name_is_kept_under_one_that_is_found_again(workspace, name):
    path = workspace.keep_upload(name, b"content")
    assert path.parent == workspace.datasets_folder
    assert len(path.name) <= MAX_NAME
    assert workspace.dataset(path.name) == path


def test_deleting_takes_what_lies_beside_it_and_nothing_else(workspace):
    path = workspace.keep_upload("one.npz", b"content")
    other = workspace.keep_upload("other.npz", b"other")
    for ending in (".truth.csv", ".truth.json", ".metadata.csv"):
        path.with_suffix(ending).touch()
    workspace.remove_dataset(path.name)
    assert list(workspace.datasets_folder.iterdir()) == [other]
    with pytest.raises(RunFolderError, match="There is no dataset"):
        workspace.remove_dataset(path.name)
    with pytest.raises(RunFolderError):
        workspace.remove_dataset("../datasets/" + other.name)


def test_what_a_check_refuses_is_not_kept(workspace):
    def refuse(path: Path) -> None:
        assert path.read_bytes() == b"content"
        raise DataError("It is no dataset.")

    with pytest.raises(DataError, match="It is no dataset"):
        workspace.keep_upload("one.npz", b"content", refuse)
    assert list(workspace.datasets_folder.iterdir()) == []


def test_what_a_killed_page_leaves_goes_at_the_next_opening_and_nothing_else(workspace):
    kept = workspace.keep_upload("kept.npz", b"kept")
    other = [sys.executable, "-c", KILLED_PAGE, str(workspace.root)]
    with subprocess.Popen(other, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as page:
        assert page.stdout.readline() == b"checking\n"
        workspace.sweep()
        assert len(workspace.datasets()) == 2  # it may yet be found to be a dataset
        page.kill()
    workspace.sweep()
    assert list(workspace.datasets_folder.iterdir()) == [kept]


def test_drafts_that_nobody_has_written_to_for_long_go(workspace):
    kept = workspace.keep_upload("kept.npz", b"kept")
    new, old = (workspace.datasets_folder / f".kept.units.json-abcd123{i}" for i in range(2))
    bundle = workspace.datasets_folder / ".new-data-abcd1234"
    bundle.mkdir()
    fresh = bundle / "data.npz"
    for path in (new, old, fresh):
        path.touch()
    for path in (old, bundle):
        os.utime(path, (1, 1))
    workspace.sweep()
    assert set(workspace.datasets_folder.iterdir()) == {kept, new, bundle}
    for path in (fresh, bundle):
        os.utime(path, (1, 1))
    workspace.sweep()
    assert set(workspace.datasets_folder.iterdir()) == {kept, new}


def test_a_limit_is_for_one_workspace_and_names_what_is_used(workspace, monkeypatch):
    anna, ben = (Workspace.private(workspace.root, who) for who in ("anna", "ben"))
    monkeypatch.setenv(QUOTA, "1 kB")
    anna.keep_upload("data.npz", bytes(900))
    with pytest.raises(RunFolderError, match=r"900 B of 1 kB are used, and this needs 200 B\. Del"):
        anna.keep_upload("more.npz", bytes(200))
    ben.keep_upload("data.npz", bytes(900))
    assert workspace.used() == 0
    assert [len(w.datasets()) for w in (anna, ben, workspace)] == [1, 1, 0]
    assert anna.keep_upload("again.npz", bytes(900)) == anna.datasets()[0]


def test_two_uploads_at_once_do_not_both_take_the_last_room(workspace, monkeypatch):
    monkeypatch.setenv(QUOTA, "1 kB")

    def keep(number: int) -> bool:
        try:
            workspace.keep_upload("data.npz", bytes([number]) * 600)
        except CausalPimaError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(keep, range(8))) == 1
    assert len(workspace.datasets()) == 1


def test_a_write_that_fails_leaves_nothing_and_says_why(workspace):
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(workspace.root)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("'big.npz' cannot be kept (File too large): make room")
    assert list(workspace.datasets_folder.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "size"),
    [("1", 1), ("500 MB", 5 * 10**8), ("1.5g", 15 * 10**8), (" 2 TB ", 2 * 10**12)],
)
def test_sizes_are_read_as_people_write_them(text, size):
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "0", "-1 GB", "many", "1 XB", "1 GiB", "0.0001"])
def test_what_is_no_size_is_refused(text):
    with pytest.raises(ConfigError, match="500 MB or 20 GB"):
        parse_size(text)


def test_a_private_workspace_is_told_by_identity_alone(workspace):
    one = Workspace.private(workspace.root, "anna")
    assert one.root == Workspace.private(workspace.root, "anna").root
    assert one.root != Workspace.private(workspace.root, "ben").root
    assert one.is_private
    assert one.shared_root == workspace.root
    assert not workspace.is_private
    assert not Workspace(workspace.root / "users" / "anna").is_private

"""Title and note that a person gives to a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from causalpima_core.errors import ConfigError, DamagedError
from causalpima_core.runs.label import LONGEST_NOTE, LONGEST_TITLE, UNLABELLED, Label
from causalpima_core.runs.store import RunFolder


def test_a_label_is_kept_in_the_run_folder(tmp_path: Path):
    (tmp_path / "config.json").write_text("{}")
    folder = RunFolder(tmp_path)
    assert folder.label() == UNLABELLED
    folder.write_label(Label.parse("  Grünes Blatt № 3 ", "first try\nwith masks\n"))
    assert folder.label() == Label(title="Grünes Blatt № 3", note="first try\nwith masks")


@pytest.mark.parametrize(
    ("title", "note"),
    [("two\nlines", ""), ("x" * (LONGEST_TITLE + 1), ""), ("", "x" * (LONGEST_NOTE + 1))],
)
def test_a_label_that_lists_cannot_show_is_refused(title: str, note: str):
    with pytest.raises(ConfigError, match="has at most"):
        Label.parse(title, note)


def test_a_damaged_file_is_named(tmp_path: Path):
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "label.json").write_text('{"title": 3}')
    with pytest.raises(DamagedError, match=r"label\.json of run .* cannot be read"):
        RunFolder(tmp_path).label()

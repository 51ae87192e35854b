"""The report holds all that was found, in one file that asks nothing of anyone and runs nothing."""

from __future__ import annotations

import os
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from causalpima_core.config import IN_MEMORY
from causalpima_core.data.readers import load_dataset
from causalpima_core.errors import RunFolderError
from causalpima_core.report.page import report
from causalpima_core.runs.label import Label
from causalpima_core.runs.names import Names
from causalpima_core.runs.records import RunState
from causalpima_core.runs.store import RunFolder
from tests.core.report.conftest import Reported, add_metadata

HOSTILE = '</style><script>alert("1")</script>'
SECTIONS = ["Graph", "Nodes", "Latent space", "Loss", "What can and cannot be claimed", "Settings"]


class Page(HTMLParser):
    """What a browser would fetch, build and show."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.handlers: list[str] = []
        self.ids: list[str] = []
        self.headings: list[str] = []
        self.shown = ""
        self._open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self._open.append(tag)
        self.links += [value for name, value in attrs if name in ("src", "href", "action")]
        self.handlers += [name for name, _ in attrs if name.startswith("on")]
        self.ids += [value for name, value in attrs if name == "id"]
        if tag == "h2":
            self.headings.append("")

    def handle_endtag(self, tag):
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data):
        if "style" not in self._open:
            self.shown += data
        if "h2" in self._open:
            self.headings[-1] += data


def made_with(folder: RunFolder, **changes: str) -> None:
    """Let a run have been made with other data than it was."""
    config = folder.config()
    config = config.model_copy(update={"dataset": config.dataset.model_copy(update=changes)})
    (folder.path / "config.json").write_text(config.model_dump_json())


@pytest.mark.parametrize(("states", "modalities"), [((2,), 1), ((2, 3), 3), ((2,) * 6, 3)])
def test_it_asks_nothing_of_anyone_and_runs_nothing(reported: Reported, states, modalities):
    text = report(reported(states, modalities))
    page = Page(text)
    assert all(link.startswith(("#", "data:")) for link in page.links)
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)
    assert not re.search(r"https?:|@import|url\(\s*['\"]?(?!#)", text)
    assert not page.tags & {"script", "iframe", "object", "embed", "form", "base"}
    assert "default-src 'none'" in text
    assert page.headings == SECTIONS
    assert len(page.ids) == len(set(page.ids))


def test_every_part_is_there(reported: Reported):
    folder = reported(with_law=True)
    names = {"node_1": "phase", "node_2": "texture"}
    folder.write_names(Names(nodes=names, states={"node_1": ["anatase", "rutile"]}))
    folder.write_label(Label(title="Thin films", note="Second batch.\nMasks removed."))
    page = Page(report(folder))
    assert "Physics" in page.headings
    for told in (
        "Thin films",
        "Masks removed.",
        "texture is only weakly separated.",
        "phase → texture",
        "texture — node_3",
        "no direction was discovered",
        "phase — node_3",  # not drawn, though possible
        "anatase",
        "phase agrees with no metadata column more than chance would.",
        "mean confidence",
        "slope [MPa/s]",
        "1.000 ± 0.010 [0.10]",
        "evidence lower bound",
        "held-out samples",
        "The direction of texture — node_3",
        folder.config().dataset.sha256,
        "python -m causalpima_core fit some.npz --states 2,2,2 --preset quick --seed 0",
    ):
        assert told in page.shown, told


def test_names_of_any_kind_are_text_wherever_they_stand(reported: Reported):
    folder = reported(with_law=True)
    nodes = {"node_1": "<b>$x_$</b>", "node_2": '" onload="alert(1)', "node_3": "{{ 7 * 7 }}"}
    folder.write_names(Names(nodes=nodes, states={"node_1": ["<i>", "&lt;"]}))
    folder.write_label(Label(title=HOSTILE, note=f"{HOSTILE}\n]]><!--"))
    add_metadata(folder, {HOSTILE: [0, 1] * 48})
    made_with(folder, name=HOSTILE)
    config = folder.config().model_copy(update={"name": HOSTILE})
    (folder.path / "config.json").write_text(config.model_dump_json())
    page = Page(report(folder))
    assert not page.tags & {"script", "b", "i"}
    assert page.handlers == []
    assert page.shown.count(HOSTILE) >= 4
    assert all(name in page.shown for name in nodes.values())
    assert "49" not in re.findall(r"node_3 · .*", page.shown)


def test_a_modality_of_any_name_is_text(tmp_path: Path, reported: Reported):
    folder = reported((2,), 1)
    data = Path(folder.config().dataset.path)
    with np.load(data) as stored:
        arrays = {HOSTILE: stored["curve"]}
    np.savez(data, **arrays)
    made_with(folder, sha256=load_dataset(data).fingerprint())
    arrays = folder.arrays()
    arrays[f"prototype.{HOSTILE}"] = arrays.pop("prototype.curve")
    np.savez(folder.path / "result" / "arrays.npz", **arrays)
    page = Page(report(folder))
    assert "script" not in page.tags
    assert page.shown.count(HOSTILE) >= 3


def test_without_its_data_it_says_so_and_shows_the_rest(reported: Reported):
    folder = reported()
    Path(folder.config().dataset.path).unlink()
    page = Page(report(folder))
    assert "The measurements are not shown. There is no file" in page.shown
    assert page.headings == SECTIONS


def test_rows_that_have_changed_places_are_not_compared_with_the_run(reported: Reported):
    """As many samples as before: only their fingerprint tells that they are not the run's."""
    folder = reported()
    config = folder.config()
    data = Path(config.dataset.path)
    with np.load(data) as stored:
        arrays = {name: values[::-1] for name, values in stored.items()}
    np.savez(data, **arrays)
    os.utime(data, (config.created - 60, config.created - 60))  # as old as if it were the run's
    page = Page(report(folder))
    assert "The measurements are not shown. The data file has changed since the run." in page.shown
    assert "than chance would" not in page.shown


def test_a_run_of_data_in_memory_takes_nothing_from_the_current_folder(
    reported: Reported, monkeypatch: pytest.MonkeyPatch
):
    folder = reported((2,), 1)
    monkeypatch.chdir(Path(folder.config().dataset.path).parent)
    made_with(folder, path="", name=IN_MEMORY)
    page = Page(report(folder))
    assert "not shown. The run was made from data in memory." in page.shown
    assert "There are no metadata columns to compare with." in page.shown
    assert "causalpima_core.fit(dataset, (2,), seed=0, preset='quick')" in page.shown
    assert "In Python, where dataset holds the data" in page.shown
    assert "python -m causalpima_core fit" not in page.shown


def test_a_run_that_was_stopped_says_so(reported: Reported):
    folder = reported()
    folder.write_status(folder.status().model_copy(update={"state": RunState.CANCELLED}))
    assert "stopped before its end" in report(folder)


def test_without_a_result_there_is_no_report(make_run):
    folder: RunFolder = make_run()
    with pytest.raises(RunFolderError, match="has no result yet"):
        report(folder)

"""Runs: what a person calls a run is kept and shown; filters come from the URL."""

from __future__ import annotations

import pytest

from causalpima_core.runs.label import Label
from causalpima_core.runs.records import RunState
from tests.app.conftest import Open
from tests.app.synthetic import write_dataset, write_run
from tests.app.test_pages import said


@pytest.fixture(autouse=True)
def runs() -> None:
    """Two finished runs of one file and a failed one of another."""
    some, other = write_dataset("some", 1), write_dataset("other", 1)
    write_run(some, RunState.FINISHED, name="first").write_label(Label(title="Thin films"))
    write_run(some, RunState.FINISHED, name="second").write_label(Label(note="masks removed"))
    write_run(other, RunState.FAILED, name="third")


def listed(app) -> set[str]:
    return set(app.dataframe[0].value["run"])


def test_title_and_note_are_kept_and_shown(open_page: Open):
    app = open_page("runs", run="second")
    app.text_input(key="runs.title.second").set_value(" Thick films ").run()
    app.text_area(key="runs.note.second").set_value("masks kept").run()
    assert not app.exception
    again = open_page("runs", run="second")
    assert again.text_input(key="runs.title.second").value == "Thick films"
    assert again.text_area(key="runs.note.second").value == "masks kept"
    assert "Thick films · second" in again.selectbox[0].options
    assert "**Thick films** · " in said(again)
    assert set(again.dataframe[0].value["title"].dropna()) == {"Thin films", "Thick films"}
    assert again.query_params["run"] == "second"


def test_what_another_person_wrote_meanwhile_stays(open_page: Open):
    early, other = open_page("runs", run="first"), open_page("runs", run="first")
    other.text_area(key="runs.note.first").set_value("a note").run()
    early.text_input(key="runs.title.first").set_value("a title").run()
    again = open_page("runs", run="first")
    assert again.text_input(key="runs.title.first").value == "a title"
    assert again.text_area(key="runs.note.first").value == "a note"


@pytest.mark.parametrize(
    ("params", "left"),
    [
        ({}, {"first", "second", "third"}),
        ({"find": "THIN"}, {"first"}),
        ({"find": "masks"}, {"second"}),
        ({"status": "failed"}, {"third"}),
        ({"dataset": "some.npz"}, {"first", "second"}),
        ({"dataset": "some.npz", "find": "second"}, {"second"}),
        ({"status": "no such"}, {"first", "second", "third"}),
    ],
)
def test_filters_come_from_the_url(open_page: Open, params: dict[str, str], left: set[str]):
    app = open_page("runs", **params)
    assert not app.exception
    assert listed(app) == left


def test_no_run_left_by_the_filters_is_explained(open_page: Open):
    app = open_page("runs", find="nowhere")
    assert "filters" in app.info[0].value
    assert not app.exception


def test_a_damaged_label_is_named_and_hides_no_run(open_page: Open, workspace):
    (workspace.runs_folder / "third" / "label.json").write_text("{")
    app = open_page("runs", run="first")
    assert "label.json" in app.warning[0].value
    assert listed(app) == {"first", "second", "third"}
    assert not app.error


def test_naming_an_old_run_does_not_make_it_the_newest(workspace):
    workspace.run("first").write_label(Label(title="again"))
    assert [folder.name for folder in workspace.runs()][-1] == "first"

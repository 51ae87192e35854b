"""Runs: all there are with their settings and scores; name, open, compare, resume or delete."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app import state
from app.components import columns
from app.components.export_link import export_link
from app.components.frame import chosen_run, nothing_yet, page, run_caption, sentences
from app.components.import_area import import_area
from app.services import run_control
from app.services.run_control import RunRow
from app.services.words import at_once, moment, ordinal, plain
from app.state import Bound, Key, Page, Param
from causalpima_core.runs.label import LONGEST_NOTE, LONGEST_TITLE, Label
from causalpima_core.runs.records import RunState
from causalpima_core.runs.store import RunFolder

ELBO = (
    "Evidence lower bound on samples not trained on, each at the middle of its posterior, nats per "
    "sample; higher is better, comparable only for the same data."
)
ENTROPY = "Mean uncertainty about a sample's component, nats; near 0 where components come apart."


def show() -> None:
    """The page."""
    with page("Runs"):
        rows, problems = run_control.list_runs()
        for problem in problems:
            st.warning(problem)
        if not rows:
            nothing_yet("No run yet: choose data, set up a model, start.", Page.DATA, "Choose data")
            import_area("runs")
            return
        _list(_wanted(rows))
        folder = chosen_run()
        if folder is not None:
            run_caption(folder)
            _label(folder)
            _actions(folder)
            export_link()
        import_area("runs")


def _wanted(rows: list[RunRow]) -> list[RunRow]:
    """The rows left by the filters, which the URL keeps."""
    states = list(dict.fromkeys(row.state for row in rows))
    data = sorted({row.config.dataset.name for row in rows})
    with st.container(horizontal=True, gap="small"):
        text = st.text_input(
            "Find",
            key=Bound.FIND,
            bind="query-params",
            placeholder="in name, title, note and data",
            width=260,
        )
        chosen = st.multiselect(
            "Status", states, key=Bound.STATUS, bind="query-params", placeholder="any", width=260
        )
        files = st.multiselect(
            "Data", data, key=Bound.DATASET, bind="query-params", placeholder="any", width=260
        )
    return [
        row
        for row in rows
        if (not chosen or row.state in chosen)
        and (not files or row.config.dataset.name in files)
        and row.says(text)
    ]


def _list(rows: list[RunRow]) -> None:
    if not rows:
        st.info("No run is like that: change or empty the filters.")
        return
    table = pd.DataFrame([_row(row) for row in rows])
    if not any(row.position for row in rows):
        table = table.drop(columns="queue")
    event = st.dataframe(
        table,
        hide_index=True,
        # Rows are chosen by position: another list is another table, with nothing chosen in it.
        key=f"runs.table.{'/'.join(row.name for row in rows)}",
        on_select="rerun",
        selection_mode="multi-row",
        height="content" if len(table) < 12 else 420,
        placeholder="–",
        column_config={
            "held-out ELBO": columns.number(2, ELBO),
            "entropy": columns.number(4, ENTROPY),
            "separation": columns.number(2, "Of the weakest node: 1 is clear, 0 none."),
            "queue": st.column_config.TextColumn(help="Place among the runs that wait."),
            "took": columns.number(0, "From start to end.", " s"),
        },
    )
    chosen = [rows[position] for position in event["selection"]["rows"]]
    _comparison(chosen)
    names = [row.name for row in chosen]
    if len(names) == 1 and st.session_state.get(Key.RUN_ROW_SEEN) != names:
        state.choose_run(names[0])
    st.session_state[Key.RUN_ROW_SEEN] = names


def _comparison(chosen: list[RunRow]) -> None:
    """Two rows can be laid side by side."""
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        possible = len(chosen) == 2 and all(row.summary for row in chosen)
        if st.button("Compare", disabled=not possible, key="runs.compare"):
            one, other = (row.name for row in chosen)
            state.choose_run(one)
            st.switch_page(Page.COMPARE, query_params={Param.RUN: one, Param.OTHER: other})
        if len(chosen) == 2 and not possible:
            st.caption("Only runs that have a result can be compared.")
        else:
            st.caption("Tick one row to look at that run below, two to compare them.")


def _row(row: RunRow) -> dict[str, object]:
    config, status, summary = row.config, row.status, row.summary
    took = None
    if status.started:  # the clock may have been set back since
        took = max(0.0, (status.ended or status.heartbeat) - status.started)
    return {
        "run": row.name,
        "title": row.label.title or None,
        "status": row.state,
        "queue": ordinal(row.position) if row.position else None,
        "data": config.dataset.name,
        "states": config.model.states_in_words,
        "preset": config.training.preset.value,
        "seed": config.training.seed,
        "held-out ELBO": summary.held_out_elbo.get("elbo") if summary else None,
        "entropy": summary.assignment_entropy if summary else None,
        "separation": min((n.separation for n in summary.nodes), default=None) if summary else None,
        "started": moment(config.created),
        "took": took,
    }


def _label(folder: RunFolder) -> None:
    """Title and note, kept as soon as they are changed."""
    label = run_control.label_of(folder)
    keys = {field: f"runs.{field}.{folder.name}" for field in ("title", "note")}
    st.session_state[keys["title"]], st.session_state[keys["note"]] = label.title, label.note
    title, note = st.columns([1, 1.6], gap="medium")
    title.text_input(
        "Title",
        max_chars=LONGEST_TITLE,
        key=keys["title"],
        placeholder=folder.name,
        help="Shown in lists beside the name of the run's folder, which stays as it is.",
        on_change=_keep_label,
        args=(folder, "title", keys["title"]),
    )
    note.text_area(
        "Note",
        max_chars=LONGEST_NOTE,
        key=keys["note"],
        height=100,
        placeholder="Why this run, what came of it; kept with the run.",
        on_change=_keep_label,
        args=(folder, "note", keys["note"]),
    )


def _keep_label(folder: RunFolder, field: str, key: str) -> None:
    """What another person changed of it in the meantime stays."""
    with sentences():
        label = run_control.label_of(folder).model_dump() | {field: st.session_state[key]}
        folder.write_label(Label.parse(**label))


def _actions(folder: RunFolder) -> None:
    status = run_control.status_of(folder)
    ready, final = folder.has_result, status.state.is_final
    place = run_control.place_in_queue(folder) if status.waits else None
    if place:
        st.caption(f"{plain(place.words)} · {at_once(place.at_once)}")
    with st.container(horizontal=True, gap="small"):
        for label, target, possible in (
            ("Live", Page.LIVE, True),
            ("Overview", Page.OVERVIEW, ready),
            ("Latent space", Page.LATENT, ready),
            ("Graph", Page.GRAPH, ready),
        ):
            if st.button(label, disabled=not possible, key=f"runs.open.{label}"):
                st.switch_page(target, query_params={Param.RUN: folder.name})
        resumable = status.state in (RunState.FAILED, RunState.CANCELLED)
        if st.button("Resume", disabled=not resumable, key="runs.resume"):
            run_control.resume_run(folder)
            st.switch_page(Page.LIVE, query_params={Param.RUN: folder.name})
        if not final and st.button("Stop", key="runs.stop", help="Keeps what there is."):
            run_control.stop_run(folder)
            if place:
                st.rerun()
        _deletion(folder, possible=final)


def _deletion(folder: RunFolder, *, possible: bool) -> None:
    with st.popover("Delete …", disabled=not possible):
        st.write(f"'{folder.name}' and all it found are removed for good. The data stay.")
        if st.button("Delete for good", type="primary", key="runs.delete"):
            run_control.delete_run(folder)
            state.choose_run(None)
            st.rerun()


show()

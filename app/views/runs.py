"""Runs: all there are with their settings and scores; open, resume, export or delete one."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app import state
from app.components import columns
from app.components.export_area import export_area
from app.components.frame import chosen_run, nothing_yet, page, run_caption
from app.services import run_control
from app.services.run_control import RunRow
from app.services.words import STATE_WORDS, duration, moment
from app.state import Key, Page, Param
from causalpima_core.runs.records import RunState
from causalpima_core.runs.store import RunFolder

ELBO = (
    "Evidence lower bound on samples not trained on, nats per sample; higher is better, "
    "comparable only for the same data."
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
            return
        _list(rows)
        folder = chosen_run()
        if folder is not None:
            run_caption(folder)
            _actions(folder)
            export_area(folder)


def _list(rows: list[RunRow]) -> None:
    table = pd.DataFrame([_row(row) for row in rows])
    event = st.dataframe(
        table,
        hide_index=True,
        key="runs.table",
        on_select="rerun",
        selection_mode="single-row",
        height="content" if len(table) < 12 else 420,
        placeholder="–",
        column_config={
            "held-out ELBO": columns.number(2, ELBO),
            "entropy": columns.number(4, ENTROPY),
            "separation": columns.number(2, "Of the weakest node: 1 is clear, 0 none."),
        },
    )
    chosen = event["selection"]["rows"]
    if chosen and st.session_state.get(Key.RUN_ROW_SEEN) != chosen:
        state.choose_run(rows[chosen[0]].name)
    st.session_state[Key.RUN_ROW_SEEN] = chosen


def _row(row: RunRow) -> dict[str, object]:
    config, status, summary = row.config, row.status, row.summary
    took = (status.ended or status.heartbeat) - status.started if status.started else None
    return {
        "run": row.name,
        "status": STATE_WORDS[status.state],
        "data": config.dataset.name,
        "states": config.model.states_in_words,
        "preset": config.training.preset.value,
        "seed": config.training.seed,
        "held-out ELBO": summary.held_out_elbo.get("elbo") if summary else None,
        "entropy": summary.assignment_entropy if summary else None,
        "separation": min((n.separation for n in summary.nodes), default=None) if summary else None,
        "started": moment(config.created),
        "took": duration(took) if took is not None else "",
    }


def _actions(folder: RunFolder) -> None:
    status = run_control.status_of(folder)
    ready, final = folder.has_result, status.state.is_final
    with st.container(horizontal=True, gap="small"):
        for label, target, possible in (
            ("Live", Page.LIVE, True),
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
        _deletion(folder, possible=final)


def _deletion(folder: RunFolder, *, possible: bool) -> None:
    with st.popover("Delete …", disabled=not possible):
        st.write(f"'{folder.name}' and all it found are removed for good. The data stay.")
        if st.button("Delete for good", type="primary", key="runs.delete"):
            run_control.delete_run(folder)
            state.choose_run(None)
            st.rerun()


show()

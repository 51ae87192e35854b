"""Live: how a run is doing, the graph as it forms, and a way to stop; reads only files."""

from __future__ import annotations

import streamlit as st

from app.charts.losses import loss_figure, loss_table
from app.charts.scatter import Groups, hold_axes, scatter_figure
from app.components import columns, graph_payload
from app.components.frame import run_page, run_sentences, sentences
from app.components.live_graph import live_graph
from app.components.replay import replay
from app.services import run_control
from app.services.history import damaged_snapshots, history_of
from app.services.loaders import names_of, result_of, snapshot_of
from app.services.projections import principal_axes
from app.services.words import STATE_WORDS, at_once, duration, plain
from app.state import Key, Page, Param
from causalpima_core.report.terms import meaning, term_in_words, term_names
from causalpima_core.runs.records import RunState, Snapshot, Status
from causalpima_core.runs.store import RunFolder

TICK_SECONDS = 1.0


def show() -> None:
    """The page."""
    run_page(
        "Live",
        _follow,
        empty=("No run yet: set up a model and start one.", Page.MODEL, "Set up a model"),
    )


def _follow(folder: RunFolder) -> None:
    """Look at the run every second until it has ended, then once more."""
    final = run_control.status_of(folder).state.is_final
    st.fragment(_watch, run_every=None if final else TICK_SECONDS)(folder, final)


def _watch(folder: RunFolder, was_final: bool) -> None:
    """One look at the run, repeated by Streamlit while it trains.

    Every part has its container whether it is filled or not: an element that moved on the page
    would be made anew, and the graph would lose its places and zoom.
    """
    with run_sentences(folder):
        status = run_control.status_of(folder)
        if status.state.is_final and not was_final:
            st.rerun()
        with st.container():
            _progress(folder, status)
        with st.container():
            epoch = _epoch_shown(folder, status)
        snapshot = _snapshot(folder, epoch)
        graph_column, latent_column = st.columns([1, 1.25], gap="medium")
        with graph_column, run_sentences(folder):
            _graph(folder, snapshot, status)
        with latent_column:
            _latent(folder, snapshot, status)
        with st.container(), run_sentences(folder):
            _losses(folder, epoch)
        _notes(folder, status)


def _snapshot(folder: RunFolder, epoch: int | None) -> Snapshot | None:
    """What was seen at an epoch; where its file is damaged, that is said in its place."""
    if epoch is None:
        return None
    with run_sentences(folder):
        return snapshot_of(folder, epoch)
    return None


def _progress(folder: RunFolder, status: Status) -> None:
    text, action = st.columns([2.6, 1], vertical_alignment="bottom")
    done = status.epoch / status.epochs if status.epochs else 0.0
    with text:
        st.progress(
            1.0 if status.state is RunState.FINISHED else min(done, 1.0), _told(folder, status)
        )
    with action:
        if status.state.is_final:
            _onward(folder)
        else:
            _stop(folder)
    if status.state in (RunState.FAILED, RunState.CANCELLED):
        _ended_early(folder, status)


def _onward(folder: RunFolder) -> None:
    """Where a result is looked at, once there is one."""
    if not folder.has_result:
        return
    with st.container(horizontal=True, gap="small"):
        for label, target in (("Overview", Page.OVERVIEW), ("Latent space", Page.LATENT)):
            if st.button(label, key=f"live.open.{label}"):
                st.switch_page(target, query_params={Param.RUN: folder.name})


def _stop(folder: RunFolder) -> None:
    stopping = folder.cancel_requested
    label = "Stopping …" if stopping else "Stop"
    waits = folder.status().waits
    told = "Takes the run out of the queue." if waits else "Ends training and keeps what there is."
    st.button(
        label,
        disabled=stopping,
        key="live.stop",
        width="stretch",
        help=told,
        on_click=_ask_to_stop,
        args=(folder,),
    )


def _ask_to_stop(folder: RunFolder) -> None:
    with sentences():
        run_control.stop_run(folder)


def _told(folder: RunFolder, status: Status) -> str:
    """Where the run stands, in one line."""
    if status.waits:
        place = run_control.place_in_queue(folder)
        return f"{plain(place.words)} · {at_once(place.at_once)}" if place else "Starting …"
    if status.state is RunState.QUEUED:
        return "Starting …"
    if status.state is RunState.RUNNING:
        stage = status.stage.label if status.stage else "Preparing"
        left = f" · {duration(status.eta_seconds)} left" if status.eta_seconds is not None else ""
        return f"{stage} · epoch {status.epoch} of {status.epochs}{left}"
    took = ""
    if status.started and status.ended:
        took = f" after {duration(status.ended - status.started)}"
    return f"{STATE_WORDS[status.state].capitalize()}{took} · epoch {status.epoch}"


def _ended_early(folder: RunFolder, status: Status) -> None:
    if status.state is RunState.FAILED:
        st.error(status.reason or "Training failed without giving a reason.")
    else:
        st.info("Training was stopped; what there was is kept. You can go on where it ended.")
    if st.button("Resume", type="primary", key="live.resume"):
        run_control.resume_run(folder)
        st.rerun()


def _epoch_shown(folder: RunFolder, status: Status) -> int | None:
    """Latest epoch while training, unless held; afterwards whichever the person slides to."""
    epochs = folder.snapshot_epochs()
    if status.state.is_final:
        return _replayed(folder) if epochs else None
    held = st.toggle(
        "Hold the pictures still",
        key=Key.HOLD,
        help="Keeps the charts as they are so that you can zoom; training goes on.",
    )
    if not epochs:
        return None
    if not held:
        st.session_state[Key.HELD_EPOCH] = epochs[-1]
    return st.session_state.get(Key.HELD_EPOCH, epochs[-1])


def _replayed(folder: RunFolder) -> int | None:
    with run_sentences(folder):
        damaged = damaged_snapshots(folder)
        if damaged:
            told = ", ".join(str(epoch) for epoch in damaged)
            st.warning(f"Left out, because their snapshots cannot be read: epoch {told}.")
        return replay(folder)
    return None


def _graph(folder: RunFolder, snapshot: Snapshot | None, status: Status) -> None:
    st.subheader(
        "Graph",
        anchor=False,
        help="Nodes are discrete features; the number under a node is its separation: 1 when "
        "every sample falls clearly into one of its states.",
    )
    decided = status.state.is_final and folder.has_result
    if decided and (snapshot is None or snapshot.epoch == history_of(folder).epochs[-1]):
        result = result_of(folder)
        payload = graph_payload.of_graph(result.graph, names=result.names)
    else:
        nodes = folder.config().model.nodes
        if not nodes:
            st.caption("Which nodes there are is chosen from the data after the warm-up.")
            return
        payload = graph_payload.of_snapshot(nodes, snapshot, names_of(folder))
    live_graph(payload, key=f"live.graph.{folder.name}")


def _latent(folder: RunFolder, snapshot: Snapshot | None, status: Status) -> None:
    st.subheader(
        "Latent space",
        anchor=False,
        help="A sample of the data in the plane of largest variance. A component is one "
        "combination of node states; its ellipse is drawn at two standard deviations.",
    )
    if snapshot is None:
        st.caption("The first picture of the latent space comes after an epoch or two.")
        return
    # In a replay the axes stay those of the end, so that components move and not the axes.
    held = status.state.is_final
    pattern = snapshot_of(folder, history_of(folder).epochs[-1]) if held else snapshot
    end = principal_axes(pattern.latent, 2)
    projection = end.carried_to(snapshot.latent)
    count = max(len(snapshot.means), int(snapshot.component.max(initial=-1)) + 1)
    groups = Groups(snapshot.component, tuple(str(c) for c in range(count)), "component")
    figure = scatter_figure(
        projection.points,
        projection.titles,
        groups,
        height=390,
        accelerated=False,
        components=projection.components(snapshot.means, snapshot.covariances),
    )
    figure.update_layout(dragmode="pan")
    if held:
        hold_axes(figure, end.points)
    st.plotly_chart(figure, key=f"live.latent.{folder.name}", config={"displayModeBar": False})
    st.caption(
        f"epoch {snapshot.epoch} · {snapshot.stage.label.lower()} · "
        f"{len(snapshot.latent):,} samples shown"
        + (f" · axes as at epoch {pattern.epoch}, the last" if held else "")
    )


def _losses(folder: RunFolder, epoch: int | None) -> None:
    metrics = folder.metrics()
    if epoch is not None and st.session_state.get(Key.HOLD):
        metrics = metrics[metrics["epoch"] <= epoch]
    if metrics.empty:
        return
    st.subheader(
        "Loss by term",
        anchor=False,
        help="Nats per sample; higher is better, but for distillation.",
    )
    chart_column, table_column = st.columns([1.25, 1], gap="medium")
    names = term_names(metrics)
    with chart_column:
        term = st.selectbox(
            "Term", names, format_func=term_in_words, key="live.term", label_visibility="collapsed"
        )
        term = term or names[0]
        st.caption(meaning(term))
        figure = loss_figure(metrics, term)
        st.plotly_chart(figure, key="live.loss", config={"displayModeBar": False})
    with table_column:
        st.dataframe(
            loss_table(metrics),
            hide_index=True,
            height="content",
            placeholder="–",
            column_config={
                "train": columns.number(3),
                "held out": columns.number(3),
                "course": st.column_config.LineChartColumn(help="In training, by epoch."),
            },
        )


def _notes(folder: RunFolder, status: Status) -> None:
    if not status.notes:
        return
    st.subheader("Notes", anchor=False)
    names = names_of(folder)
    notes = [plain(names.in_text(note)) for note in reversed(status.notes)]
    st.markdown("\n".join(f"- {note}" for note in notes))


show()

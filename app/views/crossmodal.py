"""Cross-modal: one sample, some of its modalities given; what the model makes of the rest."""

from __future__ import annotations

import streamlit as st

from app.charts.answers import Chance, chances_figure, counterfactual_sentence, open_nodes
from app.components.answers import Look, look_of, show_change, show_given, show_prediction
from app.components.frame import run_page, sentences
from app.components.model_wait import model_is_here
from app.components.sample_picker import pick_given, pick_sample
from app.components.samples import PLAIN
from app.components.url_choice import url_choice
from app.services import questions
from app.services.loaders import Result, dataset_of, result_of
from app.services.models import model_of
from app.services.questions import Belief, Sample
from app.services.words import plain
from app.state import Page, Param
from causalpima_core.runs.store import RunFolder

ACROSS = 2
"""Modalities beside each other."""


def show() -> None:
    """The page."""
    run_page(
        "Cross-modal",
        _ask,
        with_result=True,
        empty=("No run has a result yet: its model can be asked here.", Page.LIVE, "Open Live"),
    )


def _ask(folder: RunFolder) -> None:
    if not model_is_here():
        return
    result, specs = result_of(folder), model_of(folder).modalities
    known = tuple(spec.name for spec in specs)
    if len(known) == 1:
        st.info(
            "This run has one modality, so there is no other to predict from it. What it says of "
            "the nodes, and how a sample would be if they were different, can be asked."
        )
    sample = pick_sample(folder, result, known)
    if sample is None:
        return
    given = pick_given(sample, known)
    if not given:
        st.info("Choose at least one modality as given: the model answers from it.")
        return
    dataset, _ = dataset_of(folder, result)
    looks = {spec.name: look_of(spec, result, dataset) for spec in specs}
    belief = questions.belief(folder, sample, given)
    left, right = st.columns([1, 1.5], gap="large")
    with left:
        _given(looks, sample, given)
        _nodes(folder, result, sample, given, belief)
    with right:
        if len(known) > 1:
            _predictions(folder, looks, sample, given)
    _otherwise(folder, result, looks, sample, given, belief)


def _given(looks: dict[str, Look], sample: Sample, given: tuple[str, ...]) -> None:
    for name in given:
        values = sample.measured(name)
        if values is not None:
            st.markdown(f"**{plain(name)}** &ensp; given")
            show_given(looks[name], values)


def _nodes(
    folder: RunFolder, result: Result, sample: Sample, given: tuple[str, ...], belief: Belief
) -> None:
    st.subheader(
        "Nodes",
        anchor=False,
        help="Posterior: how probable each state of each node is, given what the model may look "
        "at. The mark shows where all measurements of the sample together put it.",
    )
    measured = sample.dataset.names
    whole = questions.belief(folder, sample, measured) if given != measured else None
    chances = [
        Chance(
            result.names.setting(node.name, k),
            k,
            float(belief.chances[j][k]),
            None if whole is None else float(whole.chances[j][k]),
        )
        for j, node in enumerate(result.graph.nodes)
        for k in range(node.states)
    ]
    st.plotly_chart(chances_figure(chances), key="cross.nodes", config=PLAIN)
    nodes = [result.names.node(node.name) for node in result.graph.nodes]
    left_open = open_nodes(dict(zip(nodes, belief.chances, strict=True)))
    told = f"these nodes stay open: {', '.join(left_open)}" if left_open else "no node stays open"
    st.caption(plain(f"Given {' and '.join(given)}, {told}."))


def _predictions(
    folder: RunFolder, looks: dict[str, Look], sample: Sample, given: tuple[str, ...]
) -> None:
    st.subheader(
        "Predicted",
        anchor=False,
        help="Mean of what the model expects of a modality it was not given, with an interval "
        "that is to contain 90% of measurements, their noise included.",
    )
    targets = [name for name in looks if name not in given]
    if not targets:
        st.caption("Everything is given: take a modality away to see it predicted from the rest.")
    for target in targets:
        st.markdown(f"**{plain(target)}** &ensp; from {plain(' and '.join(given))}")
        with sentences():
            found = questions.prediction(folder, sample, given, target)
            show_prediction(looks[target], found, sample.measured(target))


def _otherwise(
    folder: RunFolder,
    result: Result,
    looks: dict[str, Look],
    sample: Sample,
    given: tuple[str, ...],
    belief: Belief,
) -> None:
    st.subheader(
        "The same sample, had a node been different",
        anchor=False,
        help="A counterfactual: the node is set, nodes that it causes follow, and all else that is "
        "particular to this sample stays as it is. Both sides are as the model sees them: 'as it "
        "is' is its reconstruction, not the measurement.",
    )
    node, wanted = _setting(result, belief)
    found = questions.counterfactual(folder, sample, given, node, wanted)
    now, then = (
        result.graph.components[int(outcome[0])].outcome
        for outcome in (found.factual, found.outcome)
    )
    st.write(plain(counterfactual_sentence(result.graph, result.names, node, now, then)))
    told = model_of(folder).caveats({node: wanted}, counterfactual=True)
    caveats = [plain(result.names.in_text(caveat)) for caveat in told]
    if caveats:
        st.warning("\n".join(f"- {c}" for c in caveats) if len(caveats) > 1 else caveats[0])
    names = list(looks)
    for start in range(0, len(names), ACROSS):
        for column, name in zip(st.columns(ACROSS, gap="large"), names[start:], strict=False):
            with column:
                st.markdown(f"**{plain(name)}**")
                show_change(looks[name], found.reconstruction[name][0], found.measurements[name][0])


def _setting(result: Result, belief: Belief) -> tuple[str, int]:
    """Node and state that are chosen; at first a state that the sample is not in."""
    nodes = {node.name: node.states for node in result.graph.nodes}
    now = dict(zip(nodes, result.graph.components[belief.component].outcome, strict=True))
    with st.container(horizontal=True, gap="medium"):
        node = url_choice("Had", list(nodes), Param.NODE, result.names.node, forget=Param.STATE)
        state = url_choice(
            "been",
            [str(k) for k in range(nodes[node])],
            Param.STATE,
            lambda k: result.names.state(node, int(k)),
            first=str(next(k for k in range(nodes[node]) if k != now[node])),
        )
    return node, int(state)


show()

"""Model: nodes and states, how long to look, what is known of the graph; then start."""

from __future__ import annotations

from math import prod
from pathlib import Path

import streamlit as st

from app import state
from app.charts.palette import colour
from app.components.expert_editor import expert_editor
from app.components.frame import nothing_yet, page, sentences
from app.components.help_text import COUNTED
from app.components.knowledge_editor import knowledge_editor
from app.services import run_control, uploads
from app.services.loaders import dataset_at, workspace
from app.services.words import between, expected_seconds, modality_words, plain
from app.state import Page, Param
from causalpima_core.config import (
    AUTO,
    MAX_NODES,
    Knowledge,
    ModelConfig,
    Preset,
    TrainingConfig,
    node_names,
)
from causalpima_core.data.multimodal import MultimodalDataset
from causalpima_core.report.command import command_line

PRESET_WORDS = {
    Preset.QUICK: "Quick look",
    Preset.STANDARD: "Standard",
    Preset.THOROUGH: "Thorough",
}
PRESET_USES = {
    Preset.QUICK: "to see whether anything is there",
    Preset.STANDARD: "for most data",
    Preset.THOROUGH: "for results to rely on",
}
MAX_STATES = 12
GIVEN, FROM_DATA = "I give them", "Choose them from the data"
States = tuple[int, ...] | str  # numbers of states of the nodes, or "auto"


def show() -> None:
    """The page."""
    with page("Model"):
        name = state.get(Param.DATA)
        if name is None:
            nothing_yet(
                "A model needs data: choose an example or upload a file first.",
                Page.DATA,
                "Choose data",
            )
            return
        path = workspace().dataset(name)
        _setup(path, dataset_at(path))


def _setup(path: Path, dataset: MultimodalDataset) -> None:
    kinds = " · ".join(f"{plain(m.name)}: {modality_words(m)}" for m in dataset.modalities)
    st.caption(f"{path.name} · {len(dataset):,} samples · {kinds}")
    left, right = st.columns([1.5, 1], gap="large")
    with left:
        states = _nodes(path.name)
        latent_dim = _latent_dim(path.name, ModelConfig.parse(states=states).n_latent)
        experts = expert_editor(path.name, dataset)
        knowledge = _knowledge(path.name, states)
    with right:
        training = _training(path.name, dataset, from_data=states == AUTO)
        if experts is None or knowledge is None:
            st.info("Training can start once what is marked red is put right.")
            return
        with sentences():
            model = ModelConfig.parse(
                states=states,
                latent_dim=latent_dim,
                knowledge=knowledge,
                experts=experts,
                scales=dataset.scales({}),
            )
            model.check_samples(len(dataset))
            _launch(path, model, training)


def _nodes(data: str) -> States:
    """Numbers of states, or that they are to be chosen from the data."""
    st.subheader(
        "Nodes and states",
        anchor=False,
        help="A node is a discrete feature to be discovered; its states are the values it can "
        "take. Every combination of states is one component: a Gaussian in the latent space.",
    )
    chosen = st.radio(
        "Numbers of nodes and states",
        [GIVEN, FROM_DATA],
        key=f"model.chosen.{data}",
        persist_state="session",
        horizontal=True,
        label_visibility="collapsed",
    )
    if chosen == FROM_DATA:
        st.caption(
            "Nodes are added while groups of samples stay distinct and look like combinations of "
            "nodes. Features that overlap or that are continuous are not found this way, and the "
            f"run says what it refused, and why. {COUNTED}"
        )
        return AUTO
    return _given_states(data)


def _given_states(data: str) -> tuple[int, ...]:
    suggested = uploads.suggested_states(data)
    count = st.number_input(
        "Number of nodes",
        1,
        MAX_NODES,
        len(suggested),
        key=f"model.count.{data}",
        persist_state="session",
        width=180,
    )
    with st.container(horizontal=True, gap="small"):
        states = tuple(
            st.number_input(
                f"States of {name}",
                2,
                MAX_STATES,
                suggested[j] if j < len(suggested) else 2,
                key=f"model.states.{data}.{j}",
                persist_state="session",
                width=150,
            )
            for j, name in enumerate(node_names(count))
        )
    product = f"{' × '.join(str(k) for k in states)} = " if len(states) > 1 else ""
    st.caption(f"{product}{prod(states)} components")
    return states


def _latent_dim(data: str, automatic: int) -> int | None:
    return st.number_input(
        "Latent dimensions",
        2,
        64,
        None,
        key=f"model.latent.{data}",
        persist_state="session",
        placeholder=f"automatic: {automatic}",
        width=220,
        help="Size of the latent space. With too few, features and nuisance get entangled.",
    )


def _knowledge(data: str, states: States) -> Knowledge | None:
    st.subheader(
        "What is known of the graph",
        anchor=False,
        help="Hard constraints: no graph that is learned can violate them.",
    )
    if states == AUTO:
        st.caption(
            "Edges and tiers are between nodes, and which nodes there are is not known before the "
            "run has chosen them. Let it choose; then give the numbers it found in a second run "
            "and add here what you know."
        )
        return Knowledge()
    st.caption(
        "Nodes acquire their meaning in a first run. With the same data, states, preset and seed "
        "they keep it, so look first without constraints, then add what you know to a second run."
    )
    return knowledge_editor(data, node_names(len(states)))


def _training(data: str, dataset: MultimodalDataset, *, from_data: bool) -> TrainingConfig:
    st.subheader("Training", anchor=False)
    expected = {
        preset: between(
            *expected_seconds(dataset, TrainingConfig.of_preset(preset), from_data=from_data)
        )
        for preset in Preset
    }
    preset = st.radio(
        "Preset",
        list(Preset),
        index=1,
        key=f"model.preset.{data}",
        persist_state="session",
        format_func=PRESET_WORDS.__getitem__,
        captions=[f"{expected[preset]}; {PRESET_USES[preset]}" for preset in Preset],
        help="The same method with more or fewer epochs. The shorter time is for groups that are "
        "clear at the first look, the longer for those that need every look. Measured on two "
        "ordinary cores; beside other work it takes longer.",
    )
    seed = st.number_input(
        "Seed",
        0,
        2**32 - 1,
        0,
        key=f"model.seed.{data}",
        persist_state="session",
        width=180,
        help="The same seed and data give the same result.",
    )
    return TrainingConfig.of_preset(preset, seed=int(seed))


def _launch(path: Path, model: ModelConfig, training: TrainingConfig) -> None:
    states = "x".join(str(k) for k in model.states) or AUTO
    name = st.text_input(
        "Name of the run", f"{path.stem}-{states}-{training.preset}-s{training.seed}", max_chars=60
    )
    _mapping(model)
    if st.button("Start training", type="primary", width="stretch", key="model.start"):
        folder = run_control.start_run(name, path, model, training)
        state.choose_run(folder.name)
        st.switch_page(Page.LIVE, query_params={Param.RUN: folder.name})
    with st.expander("The same run as a command", expanded=False):
        st.caption("For a shell on this computer; the run is then listed here as well.")
        st.code(
            command_line(path, model, training, workspace().new_run_path(name)),
            language="bash",
            wrap_lines=True,
        )


def _mapping(model: ModelConfig) -> None:
    """Which colour each node has on every page."""
    dots = " ".join(
        f'<span style="color:{colour(j)}">●</span> {name} ({k})'
        for j, (name, k) in enumerate(zip(model.nodes, model.states, strict=True))
    )
    st.html(f'<div style="font-size:.85rem;line-height:1.7">{dots}</div>')


show()

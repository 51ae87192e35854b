"""Settings that cannot be met are refused before anything is trained; the others survive JSON."""

from __future__ import annotations

from itertools import product

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from causalpima_core.config import (
    DatasetReference,
    Knowledge,
    ModelConfig,
    Preset,
    RunConfig,
    TrainingConfig,
    node_names,
)
from causalpima_core.errors import ConfigError

NODES = node_names(3)
PAIRS = [(a, b) for a in NODES for b in NODES if a != b]


def acyclic_graphs() -> list[frozenset[tuple[str, str]]]:
    """All 25 directed acyclic graphs over three nodes."""
    graphs = [
        frozenset(pair for pair, present in zip(PAIRS, chosen, strict=True) if present)
        for chosen in product([False, True], repeat=len(PAIRS))
    ]
    return [g for g in graphs if nx.is_directed_acyclic_graph(nx.DiGraph(list(g)))]


def paths(graph: frozenset[tuple[str, str]]) -> set[tuple[str, str]]:
    return set(nx.transitive_closure_dag(nx.DiGraph(list(graph))).edges)


GRAPHS = acyclic_graphs()
edges = st.lists(st.sampled_from(PAIRS), max_size=4, unique=True).map(tuple)


@given(edges, edges, st.dictionaries(st.sampled_from(NODES), st.integers(0, 2)))
def test_knowledge_is_accepted_exactly_where_some_graph_satisfies_it(forbidden, required, tiers):
    assert len(GRAPHS) == 25
    satisfying = [
        graph
        for graph in GRAPHS
        if graph.issuperset(required)
        and graph.isdisjoint(forbidden)
        # a cause of a cause is a cause: tiers hold along paths, through nodes without one as well
        and all(tiers[a] <= tiers[b] for a, b in paths(graph) if a in tiers and b in tiers)
    ]
    knowledge = Knowledge(forbidden=forbidden, required=required, tiers=tiers)
    if satisfying:
        knowledge.check(NODES)
        drawn = set().union(*satisfying)
        assert drawn <= {pair for pair in PAIRS if knowledge.allows(*pair)}
    else:
        with pytest.raises(ConfigError):
            knowledge.check(NODES)


@pytest.mark.parametrize(
    ("knowledge", "told"),
    [
        ({"forbidden": [("node_1", "node_9")]}, "Unknown node 'node_9'"),
        ({"tiers": {"hue": 1}}, "Unknown node 'hue'"),
        ({"required": [("node_1", "node_1")]}, "to itself"),
        (
            {"required": [("node_1", "node_2")], "forbidden": [("node_1", "node_2")]},
            "both required and forbidden",
        ),
        (
            {"required": [("node_2", "node_1")], "tiers": {"node_1": 1, "node_2": 2}},
            "runs against the tiers",
        ),
        (
            {"required": [("node_1", "node_2"), ("node_2", "node_3"), ("node_3", "node_1")]},
            "form a cycle: ",
        ),
        (
            # no edge contradicts a tier by itself, all of them together do
            {
                "required": [("node_2", "node_3"), ("node_3", "node_1")],
                "tiers": {"node_1": 1, "node_2": 2},
            },
            "form a cycle: ",
        ),
    ],
)
def test_impossible_knowledge_is_told_in_words(knowledge, told):
    with pytest.raises(ConfigError, match=told):
        ModelConfig.parse(states=(2, 2, 2), knowledge=knowledge)


@pytest.mark.parametrize(
    ("states", "told"),
    [
        ((), "1 to 8 nodes, got 0"),
        ((2,) * 9, "1 to 8 nodes, got 9"),
        ((2, 1), "at least 2 states, got 1"),
        ((9, 9, 9), "729 joint outcomes, more than the 512"),
    ],
)
def test_states_out_of_bounds(states, told):
    with pytest.raises(ConfigError, match=told):
        ModelConfig.parse(states=states)


def test_outcomes_are_counted_and_need_samples():
    model = ModelConfig(states=(2, 3, 4))
    assert model.n_outcomes == 24
    model.check_samples(24)
    with pytest.raises(ConfigError, match="24 joint outcomes but there are only 23 samples"):
        model.check_samples(23)
    with pytest.raises(ConfigError, match=r"only 25 samples \(2 of them held out\)"):
        model.check_samples(25, n_held_out=2)


def test_a_run_needs_a_sample_per_outcome_besides_those_held_out():
    values = {
        "name": "a",
        "model": ModelConfig(states=(2, 3)),
        "training": TrainingConfig.of_preset("quick"),
        "created": 1.0,
    }
    data = {"path": "a.npz", "sha256": "0" * 64, "name": "a.npz"}
    RunConfig(dataset=DatasetReference(n_samples=7, **data), **values)
    with pytest.raises(ConfigError, match="6 joint outcomes but there are only 6 samples"):
        RunConfig(dataset=DatasetReference(n_samples=6, **data), **values)


@given(st.integers(2, 100_000), st.floats(0.01, 0.49))
def test_what_is_held_out_leaves_most_to_train_on(n_samples, share):
    training = TrainingConfig.of_preset("quick", held_out=share)
    assert 1 <= training.n_held_out(n_samples) < n_samples
    n_train = n_samples - training.n_held_out(n_samples)
    assert 1 <= training.batch_of(n_train) <= n_train
    steps = training.epochs_of(training.warm_up_steps, n_train) * -(
        -n_train // training.batch_of(n_train)
    )
    assert steps >= 8


@pytest.mark.parametrize(("name", "value"), [("latent_dim", 1), ("latent_dim", 65)])
def test_a_setting_out_of_bounds_is_named(name, value):
    with pytest.raises(ConfigError, match=f"Setting '{name}' is not valid"):
        ModelConfig.parse(states=(2, 2), **{name: value})


def test_presets_differ_only_in_how_long_they_look():
    quick, standard, thorough = (TrainingConfig.of_preset(p, seed=3) for p in Preset)
    assert quick.joint_steps < standard.joint_steps < thorough.joint_steps
    assert quick.warm_up_cycles < standard.warm_up_cycles < thorough.warm_up_cycles
    varying = {"preset", "warm_up_cycles", "joint_steps"}
    assert quick.model_dump(exclude=varying) == thorough.model_dump(exclude=varying)
    with pytest.raises(ConfigError, match="Unknown preset 'slow'"):
        TrainingConfig.of_preset("slow")


@pytest.mark.parametrize("seed", [-1, 2**32, 1.5])
def test_seeds_that_no_generator_takes(seed):
    with pytest.raises(ConfigError, match="Setting 'seed' is not valid"):
        TrainingConfig.of_preset("quick", seed=seed)


def test_a_run_survives_json_and_nothing_else_does():
    config = RunConfig(
        name="a",
        dataset=DatasetReference(path="a.npz", sha256="0" * 64, n_samples=100, name="a"),
        model=ModelConfig(
            states=(2, 3),
            knowledge=Knowledge(required=(("node_1", "node_2"),), tiers={"node_1": 1}),
        ),
        training=TrainingConfig.of_preset("quick"),
        created=1.0,
    )
    text = config.model_dump_json()
    assert RunConfig.from_json(text) == config
    for broken in ("", "{}", text.replace('"name"', '"nome"', 1)):
        with pytest.raises(ConfigError, match="is not valid"):
            RunConfig.from_json(broken)


def test_experts_survive_json_and_bad_ones_are_refused_by_name():
    law = "a*exp(-k*t) + c; k>0 [1/µs]; t=0:30 [µs]"
    config = ModelConfig.parse(states=(2, 2), experts={"curve": law})
    assert ModelConfig.from_json(config.model_dump_json()) == config
    with pytest.raises(ConfigError, match=r"^Expert for 'curve': Unknown expert 'linear'"):
        ModelConfig.parse(states=(2,), experts={"curve": "linear"})

"""The Bayesian network is read back by another program and answers as our own tables do."""

from __future__ import annotations

import numpy as np
import pytest

from causalpima_core.outcomes import outcome_table
from causalpima_core.runs.bif import bif
from causalpima_core.runs.names import Names
from causalpima_core.runs.results import (
    ComponentResult,
    EdgeResult,
    GraphResult,
    NodeResult,
    TableResult,
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::FutureWarning"),  # pgmpy's own
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]

STATES = {"node_1": 2, "node_2": 3, "node_3": 2}


@pytest.fixture
def collider(rng: np.random.Generator) -> GraphResult:
    """node_1 and node_2 act on node_3; two of the states are unlike in number."""
    first, second = rng.dirichlet(np.ones(2)), rng.dirichlet(np.ones(3))
    third = rng.dirichlet(np.ones(2), size=(2, 3))
    edge = {"weight": 1.0, "direction": "compelled", "probability": 1.0}
    return GraphResult(
        nodes=[NodeResult(name=n, states=k, separation=1.0) for n, k in STATES.items()],
        edges=[
            EdgeResult(source=n, target="node_3", probability_of_direction=1.0, **edge)
            for n in ("node_1", "node_2")
        ],
        tables={
            "node_1": TableResult(parents=[], probabilities=first.round(6).tolist()),
            "node_2": TableResult(parents=[], probabilities=second.round(6).tolist()),
            "node_3": TableResult(
                parents=["node_1", "node_2"], probabilities=third.round(6).tolist()
            ),
        },
        components=[
            ComponentResult(outcome=outcome.tolist(), weight=1 / 12)
            for outcome in outcome_table((2, 3, 2))
        ],
    )


@pytest.mark.parametrize(
    "names",
    [
        Names(),
        Names(
            nodes={"node_1": "heat treatment", "node_2": "variable", "node_3": "δ; } ( , |"},
            states={"node_2": ["1", "as built", "as-built"], "node_3": ["{", "}"]},
        ),
    ],
    ids=["unnamed", "named"],
)
def test_marginals_and_conditionals_are_ours(collider: GraphResult, names: Names):
    from pgmpy.inference import VariableElimination
    from pgmpy.readwrite import BIFReader

    text = bif(collider, names)
    model = BIFReader(string=text).get_model()
    assert model.check_model()
    declared = [line.split()[1] for line in text.splitlines() if line.startswith("variable ")]
    assert sorted(model.nodes) == sorted(declared)
    (third,) = (node for node in model.nodes if list(model.predecessors(node)))
    first, second = (cpd for cpd in model.get_cpds(third).variables[1:])
    p1, p2, p3 = (np.array(collider.tables[node].probabilities) for node in STATES)
    expected = np.einsum("i,j,ijk->k", p1, p2, p3)
    asked = VariableElimination(model)
    np.testing.assert_allclose(asked.query([third]).values, expected, atol=1e-5)
    given = {first: model.get_cpds(first).state_names[first][1]}
    given[second] = model.get_cpds(second).state_names[second][2]
    found = asked.query([third], evidence=given).values
    np.testing.assert_allclose(found, p3[1, 2], atol=1e-5)

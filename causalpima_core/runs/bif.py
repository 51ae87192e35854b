"""The decided graph with its tables as a Bayesian network in BIF, which GeNIe, bnlearn, pgmpy read.

Names that people give are made into identifiers, since the format quotes nothing.
"""

from __future__ import annotations

import re
import unicodedata
import warnings
from collections.abc import Iterable

import numpy as np

from causalpima_core.runs.names import Names
from causalpima_core.runs.results import GraphResult

DECIMALS = 6
"""As many as `dag.json` has."""
_RESERVED = frozenset(
    ["network", "variable", "probability", "table", "type", "discrete", "default", "property"]
)


def bif(graph: GraphResult, names: Names) -> str:
    """The network as text.

    Args:
        graph: with its conditional tables.
        names: what a person calls nodes and states; numbers become ``state_0`` and so on.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # pgmpy's own, about its own modules
        from pgmpy.factors.discrete import TabularCPD  # three seconds, and only a BIF needs it
        from pgmpy.models import DiscreteBayesianNetwork
        from pgmpy.readwrite import BIFWriter

    nodes = identifiers((names.node(node.name), node.name) for node in graph.nodes)
    called = dict(zip((node.name for node in graph.nodes), nodes, strict=True))
    states = {
        node.name: identifiers(
            (names.state(node.name, k), f"state_{k}") for k in range(node.states)
        )
        for node in graph.nodes
    }
    network = DiscreteBayesianNetwork()
    network.add_nodes_from(nodes)
    for node in graph.nodes:
        table = graph.tables[node.name]
        network.add_edges_from((called[parent], called[node.name]) for parent in table.parents)
        columns = np.asarray(table.probabilities, dtype=float).reshape(-1, node.states).T
        family = [node.name, *table.parents]
        network.add_cpds(
            TabularCPD(
                called[node.name],
                node.states,
                columns / columns.sum(0),  # what was rounded sums to 1 again
                [called[parent] for parent in table.parents],
                [len(states[parent]) for parent in table.parents],
                {called[name]: states[name] for name in family},
            )
        )
    return str(BIFWriter(network, round_values=DECIMALS))


def identifiers(named: Iterable[tuple[str, str]]) -> list[str]:
    """Names as identifiers that differ from each other.

    Args:
        named: a name as a person wrote it, and what to take where nothing of it is left.

    >>> identifiers([("as built", "state_0"), ("高温", "state_1"), ("as-built", "state_2")])
    ['as_built', 'state_1', 'as_built_2']
    """
    found: list[str] = []
    for name, otherwise in named:
        plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
        base = re.sub(r"\W+", "_", plain, flags=re.ASCII).strip("_") or otherwise
        if not base[0].isalpha():
            base = otherwise if base.isdigit() else f"x_{base}"
        if base.lower() in _RESERVED:
            base = f"{base}_"
        new, number = base, 2
        while new in found:
            new, number = f"{base}_{number}", number + 1
        found.append(new)
    return found

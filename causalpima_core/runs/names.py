"""What a person calls the nodes and states of a run, kept beside its result in `names.json`.

Files and command line go on using ``node_1`` and state numbers, which others' scripts rely on;
what a person reads has the names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from causalpima_core.errors import ConfigError
from causalpima_core.runs.results import GraphResult

LONGEST_NAME = 40
_RESERVED = ("sample", "component", "confidence")


class Names(BaseModel):
    """Names by node and state; where there is none, the node's own name and the state's number.

    Attributes:
        nodes: name by node, as in ``{"node_1": "topology"}``.
        states: names by node, one per state, empty where a state has none.

    >>> names = Names(nodes={"node_1": "topology"}, states={"node_1": ["hexagonal", ""]})
    >>> names.node("node_1"), names.state("node_1", 0), names.setting("node_1", 1)
    ('topology', 'hexagonal', 'topology = 1')
    >>> names.in_text("node_1 and node_12 overlap")
    'topology and node_12 overlap'
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    nodes: Mapping[str, str] = Field(default_factory=dict)
    states: Mapping[str, list[str]] = Field(default_factory=dict)

    @classmethod
    def parse(
        cls, nodes: Mapping[str, str], states: Mapping[str, list[str]], graph: GraphResult
    ) -> Self:
        """Names that a person gave to the nodes of ``graph``; spaces around them are dropped.

        Raises:
            ConfigError: a name is too long, not on one line, or already means something else.
        """
        tidy = {node: _tidy(name) for node, name in nodes.items() if name.strip()}
        own = [node.name for node in graph.nodes]
        shown = [tidy.get(name, name) for name in own]
        for node, name in tidy.items():
            taken = shown.count(name) > 1 or name in _RESERVED or (name in own and name != node)
            if taken:
                raise ConfigError(f"'{name}' already means something else: choose another name.")
        named = {}
        for node in graph.nodes:
            of_node = [_tidy(name) for name in states.get(node.name, [])][: node.states]
            of_node += [""] * (node.states - len(of_node))
            if len({name or str(k) for k, name in enumerate(of_node)}) < node.states:
                raise ConfigError(
                    f"Two states of {node.name} have the same name, or one has the number of "
                    "another: choose different ones."
                )
            if any(of_node):
                named[node.name] = of_node
        return cls(nodes=tidy, states=named)

    def node(self, node: str) -> str:
        """What a node is called."""
        return self.nodes.get(node, node)

    def state(self, node: str, state: int) -> str:
        """What a state is called, or its number."""
        named = self.states.get(node, [])
        return named[state] if state < len(named) and named[state] else str(state)

    def setting(self, node: str, state: int) -> str:
        """A node in a state, as in ``topology = hexagonal``."""
        return f"{self.node(node)} = {self.state(node, state)}"

    def in_text(self, text: str) -> str:
        """A sentence with the names of nodes in it."""
        for node, name in self.nodes.items():
            text = re.sub(rf"\b{re.escape(node)}\b", lambda _, name=name: name, text)
        return text


UNNAMED = Names()


def _tidy(name: str) -> str:
    name = name.strip()
    if len(name) > LONGEST_NAME or not name.isprintable():
        raise ConfigError(
            f"A name has at most {LONGEST_NAME} characters on one line; '{name[:20]} …' does not."
        )
    return name

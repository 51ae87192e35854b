"""What a run allows to be said, and what not, sentence by sentence from its own result."""

from __future__ import annotations

from dataclasses import dataclass

from causalpima_core.report.evidence import separation_words
from causalpima_core.report.material import Material
from causalpima_core.runs.results import CLEARLY_SEPARATED


@dataclass(frozen=True)
class Claims:
    """Sentences about one run."""

    can: list[str]
    cannot: list[str]


def claims_of(material: Material) -> Claims:
    """Claims that the result supports, and those it does not."""
    can = [*_groups(material), *_edges(material), *_laws(material)]
    return Claims(can, [*_not_edges(material), *_not_nodes(material), *_always(material)])


def _groups(material: Material) -> list[str]:
    clear = [node for node in material.graph.nodes if node.separation >= CLEARLY_SEPARATED]
    if not clear:
        return []
    names = _listed([material.names.node(node.name) for node in clear])
    return [f"Samples fall clearly into groups by {names}."]


def _edges(material: Material) -> list[str]:
    names, edges = material.names, material.graph.edges
    told = []
    if edges:
        pairs = [f"{names.node(e.source)} and {names.node(e.target)}" for e in edges]
        told.append(f"These depend on each other directly: {'; '.join(pairs)}.")
    else:
        told.append("No two nodes depend on each other as far as these data tell.")
    required = set(material.config.model.knowledge.required)
    compelled = [
        f"{names.node(e.source)} → {names.node(e.target)}"
        for e in edges
        if e.direction == "compelled" and (e.source, e.target) not in required
    ]
    if compelled:
        given = " and what was given beforehand" if _was_told(material) else ""
        told.append(
            f"The data{given} settle the direction of {_listed(compelled)}, if nothing unmeasured "
            "causes two of the nodes."
        )
    return told


def _laws(material: Material) -> list[str]:
    return [
        f"Parameters of the law of {law.modality}, for each component with standard errors, as far "
        "as the law fits."
        for law in material.summary.experts
    ]


def _not_edges(material: Material) -> list[str]:
    names, edges = material.names, material.graph.edges
    reversible = [
        f"{names.node(e.source)} — {names.node(e.target)}"
        for e in edges
        if e.direction == "reversible"
    ]
    told = []
    if reversible:
        told.append(
            f"The direction of {_listed(reversible)}: both ways fit the data equally well. Only "
            "knowledge or an experiment can tell."
        )
    required = material.config.model.knowledge.required
    if required:
        given = [f"{names.node(a)} → {names.node(b)}" for a, b in required]
        told.append(f"{_listed(given)} as a discovery: it was required beforehand.")
    return told


def _not_nodes(material: Material) -> list[str]:
    return [
        f"Much about {material.names.node(node.name)}: it is "
        f"{separation_words(node.separation)} (separation {node.separation:.2f}), and another "
        "division of the samples could take its place."
        for node in material.graph.nodes
        if node.separation < CLEARLY_SEPARATED
    ]


def _always(material: Material) -> list[str]:
    several = len(material.graph.nodes) > 1
    return [
        *(
            [
                "That no hidden cause is at work: an unmeasured cause of two nodes can look like "
                "an edge between them, and the data cannot show it.",
            ]
            if several
            else []
        ),
        "That the samples stand for all there are: if they were kept or dropped for what they are, "
        "dependences appear that are not in nature.",
        "Which physical factor a node is. Names are a person's; agreement with metadata and a look "
        "at samples support them.",
    ]


def _was_told(material: Material) -> bool:
    knowledge = material.config.model.knowledge
    return bool(knowledge.forbidden or knowledge.required or knowledge.tiers)


def _listed(parts: list[str]) -> str:
    """Parts as a list in a sentence.

    >>> _listed(["a", "b", "c"])
    'a, b and c'
    """
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)

"""The report: one HTML file with everything a colleague or a reviewer asks for, and no script.

Jinja escapes every value that stands in the page; only figures, which this program draws and whose
text is escaped when they are written, go in as they are (marked ``safe`` in the template).
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined

from causalpima_core.report import tables
from causalpima_core.report.claims import claims_of
from causalpima_core.report.drawing import inline_svg
from causalpima_core.report.evidence import edge_sentence, knowledge_in_words
from causalpima_core.report.figures import drawn
from causalpima_core.report.latent_figure import points_told
from causalpima_core.report.laws import misfit_sentence
from causalpima_core.report.material import Material, material_of
from causalpima_core.report.meaning_figure import columns_told
from causalpima_core.report.tables import Table
from causalpima_core.runs.records import RunState
from causalpima_core.runs.results import ExpertResult, NodeResult
from causalpima_core.runs.store import RunFolder


@dataclass(frozen=True)
class NodePart:
    """A node as the page tells of it; ``given`` says what its conditional table depends on."""

    name: str
    title: str
    standing: str
    states: Table
    about_figure: str
    agreement: str
    agreements: Table
    given: str
    conditional: Table


@dataclass(frozen=True)
class LawPart:
    """Known physics of a modality as the page tells of it."""

    modality: str
    formula: str
    spec: str
    misfit: str
    parameters: Table


def report(folder: RunFolder) -> str:
    """The page of a run.

    Raises:
        RunFolderError: it has no result yet.
    """
    return page(material_of(folder))


def page(material: Material) -> str:
    """The page of what was read of a run."""
    environment = Environment(
        loader=PackageLoader("causalpima_core.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    names = material.names
    return environment.get_template("page.html").render(
        title=material.title,
        named=bool(names.nodes or names.states),
        note=material.label.note,
        facts=_facts(material),
        unfinished=material.status.state is not RunState.FINISHED,
        missing=material.missing,
        warnings=[names.in_text(warning) for warning in material.summary.warnings],
        figure=lambda name: inline_svg(drawn(material, name), name),
        data=tables.data(material),
        edges=tables.edges(material),
        sentences=[edge_sentence(edge, names) for edge in material.graph.edges],
        not_drawn=tables.not_drawn(material),
        given=knowledge_in_words(material.config.model.knowledge, names),
        points=points_told(len(material.latent)),
        nodes=[_node(material, node) for node in material.graph.nodes],
        laws=[_law(material, law) for law in material.summary.experts],
        losses=tables.losses(material),
        has_history=len(material.metrics) > 0,
        claims=claims_of(material),
        settings=tables.settings(material),
        command=tables.command(material),
        in_memory=material.config.dataset.in_memory,
    )


def _facts(material: Material) -> str:
    """The run in one line."""
    config, ended = material.config, material.status.ended
    told = [
        material.name,
        config.dataset.name,
        f"{config.dataset.n_samples:,} samples",
        f"states {config.model.states_in_words}",
        f"{config.training.preset.value}, seed {config.training.seed}",
    ]
    if ended:
        told.append(time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(ended)))
    return " · ".join(told)


def _node(material: Material, node: NodeResult) -> NodePart:
    parents = [material.names.node(p) for p in material.graph.tables[node.name].parents]
    sentence, found = tables.agreement(material, node)
    return NodePart(
        name=node.name,
        title=material.names.node(node.name),
        standing=tables.standing(material, node),
        states=tables.states(material, node),
        about_figure=columns_told(material, node.name),
        agreement=sentence,
        agreements=found,
        given=f"given {' and '.join(parents)}" if parents else "it has no parents",
        conditional=tables.conditional(material, node),
    )


def _law(material: Material, law: ExpertResult) -> LawPart:
    return LawPart(
        modality=law.modality,
        formula=law.formula,
        spec=law.spec,
        misfit=misfit_sentence(law.misfit),
        parameters=tables.parameters(material, law),
    )

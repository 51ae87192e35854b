"""Every figure of a run by its name, for files, page and report alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from matplotlib.figure import Figure

from causalpima_core.errors import ConfigError
from causalpima_core.report.drawing import rendered, styled
from causalpima_core.report.graph_figure import graph_figure
from causalpima_core.report.latent_figure import latent_figure
from causalpima_core.report.law_figure import law_figure
from causalpima_core.report.loss_figure import loss_figure
from causalpima_core.report.material import Material, material_of
from causalpima_core.report.meaning_figure import meaning_figure
from causalpima_core.runs.store import RunFolder

__all__ = ["drawn", "figure_of", "figures_of", "rendered"]


def figure_of(folder: RunFolder, name: str) -> Figure:
    """One figure of a run.

    Raises:
        ConfigError: it has no such figure.
        RunFolderError: it has no result yet.
    """
    material = material_of(folder)
    known = _drawings(material)
    if name not in known:
        raise ConfigError(f"There is no figure '{name}': expected one of {', '.join(known)}.")
    return drawn(material, name)


def figures_of(folder: RunFolder) -> Iterator[tuple[str, Figure]]:
    """All figures of a run, one after the other, with their names."""
    material = material_of(folder)
    for name in _drawings(material):
        yield name, drawn(material, name)


def drawn(material: Material, name: str) -> Figure:
    """One figure; ``name`` is known to exist."""
    with styled():
        return _drawings(material)[name]()


def _drawings(material: Material) -> dict[str, Callable[[], Figure]]:
    drawings: dict[str, Callable[[], Figure]] = {
        "graph": partial(graph_figure, material),
        "latent": partial(latent_figure, material),
    }
    if len(material.metrics):
        drawings["loss"] = partial(loss_figure, material)
    for node in material.graph.nodes:
        drawings[node.name] = partial(meaning_figure, material, node.name)
    for law in material.summary.experts:
        drawings[f"physics-{law.modality}"] = partial(law_figure, material, law.modality)
    return drawings

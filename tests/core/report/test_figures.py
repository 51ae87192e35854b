"""Figures say what is drawn over what, and mark as discovered only what was."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import FancyArrowPatch
from PIL import Image

from causalpima_core.__main__ import main
from causalpima_core.data.readers import load_dataset
from causalpima_core.data.units import Description, describe
from causalpima_core.errors import ConfigError
from causalpima_core.palette import COMPELLED, REVERSIBLE
from causalpima_core.report.axes import Axes
from causalpima_core.report.figures import figure_of, figures_of, rendered
from causalpima_core.report.graph_figure import layers
from causalpima_core.report.material import material_of
from causalpima_core.report.meaning_figure import meaning_figure
from causalpima_core.report.page import report
from causalpima_core.runs.names import Names
from causalpima_core.runs.store import RunFolder
from tests.app.synthetic import graph_result
from tests.core.report.conftest import Reported

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("states", [(2,), (3, 2, 2, 2)])
def test_every_axis_has_a_name(reported: Reported, states):
    for name, figure in figures_of(reported(states, with_law=True)):
        for axes in figure.axes:
            is_picture = bool(axes.images) or name == "graph"
            if axes.axison and not is_picture and axes.xaxis.get_tick_params()["labelbottom"]:
                assert axes.get_xlabel() or not axes.xaxis.label.get_visible(), name
        assert figure.axes


@pytest.mark.parametrize("with_law", [False, True])
def test_curves_are_drawn_over_the_axis_that_the_pages_show(reported: Reported, with_law):
    folder = reported((2,), 1, with_law=with_law)
    data = Path(folder.config().dataset.path)
    curve = load_dataset(data)["curve"]
    describe(data, curve, Description(unit="GPa", axis=(5.0, 35.0), axis_unit="min"))
    pages = Axes.of(load_dataset(data)["curve"], folder.summary().experts)
    assert pages.x == ("t [s]" if with_law else "t [min]")
    decoded, measured = figure_of(folder, "node_1").axes
    assert (decoded.get_xlabel(), decoded.get_ylabel()) == (pages.x, pages.y)
    assert measured.get_xlabel() == pages.x
    for line in (*decoded.lines, *measured.lines):
        np.testing.assert_array_equal(line.get_xdata(), pages.along(20))


def test_curves_measured_at_uneven_points_are_drawn_at_these(reported: Reported):
    folder = reported((2,), 1)
    material = material_of(folder)
    assert material.dataset is not None
    at = tuple(float(t) for t in np.geomspace(1, 100, 20))
    curve = replace(material.dataset["curve"], axis=at, axis_unit="Hz")
    stated = replace(material, dataset=replace(material.dataset, modalities=(curve,)))
    for axes in meaning_figure(stated, "node_1").axes:
        np.testing.assert_array_equal(axes.lines[0].get_xdata(), at)


def test_a_reversible_edge_has_no_arrowhead(reported: Reported):
    figure = figure_of(reported(), "graph")
    compelled, reversible = (p for p in figure.axes[0].patches if isinstance(p, FancyArrowPatch))
    assert compelled.get_arrowstyle().arrow == "-|>"
    assert reversible.get_arrowstyle().arrow == "-"
    assert compelled.get_linestyle() == "-" != reversible.get_linestyle()
    found = [to_hex(patch.get_edgecolor()).upper() for patch in (compelled, reversible)]
    assert found == [COMPELLED, REVERSIBLE]


def test_causes_stand_above_their_effects():
    graph = graph_result((2, 2, 2))
    assert layers(graph) == [["node_1"], ["node_2"], ["node_3"]]


@pytest.mark.parametrize("name", ["graph", "latent", "loss", "node_1", "physics-curve"])
def test_both_formats_are_read_back(reported: Reported, name: str):
    figure = figure_of(reported(with_law=True), name)
    root = ElementTree.fromstring(rendered(figure, "svg"))  # noqa: S314 - our own
    assert root.tag == f"{SVG}svg"
    with Image.open(io.BytesIO(rendered(figure, "png"))) as picture:
        assert picture.width >= 3 * 300
        assert round(picture.info["dpi"][0]) == 300


def test_text_of_an_svg_stays_text_and_names_mean_nothing_to_the_drawing(reported: Reported):
    folder = reported()
    folder.write_names(Names(nodes={"node_1": r"$\frac$ <b>&"}))
    root = ElementTree.fromstring(rendered(figure_of(folder, "graph"), "svg"))  # noqa: S314 - our own
    texts = {element.text for element in root.iter(f"{SVG}text")}
    assert r"$\frac$ <b>&" in texts


def test_an_unknown_figure_names_the_known_ones(reported: Reported):
    with pytest.raises(ConfigError, match="graph, latent, loss, node_1, node_2, node_3"):
        figure_of(reported(), "nowhere")


def test_the_command_line_writes_one_or_all(reported: Reported, tmp_path: Path):
    run = str(reported((2,), 1).path)
    assert main(["export", run, "--to", str(tmp_path / "g.svg")]) == 0
    assert main(["export", run, "--to", str(tmp_path / "l.png"), "--figure", "latent"]) == 0
    assert main(["export", run, "--to", str(tmp_path / "f.zip"), "--figure", "all"]) == 0
    assert (tmp_path / "l.png").read_bytes()[:4] == b"\x89PNG"
    with zipfile.ZipFile(tmp_path / "f.zip") as packed:
        names = packed.namelist()
    assert names == [
        f"a-run-{name}.{suffix}"
        for name in ("graph", "latent", "loss", "node_1")
        for suffix in ("svg", "png")
    ]
    assert main(["export", run, "--to", str(tmp_path / "n.svg"), "--figure", "node_9"]) == 2
    assert not (tmp_path / "n.svg").exists()


@pytest.mark.slow
def test_many_samples_are_one_picture_inside_the_svg_and_the_captions_say_so(reported: Reported):
    folder = reported()
    few = len(folder.assignments())
    assert "one picture inside" not in report(folder)
    _repeat(folder, 40)
    assert material_of(folder).dataset is None  # it has another number of samples
    assert len(rendered(figure_of(folder, "latent"), "svg")) < 600_000
    assert "The points are one picture inside the figure." in report(folder)
    _repeat(folder, 6)
    n = f"{240 * few:,}"
    drawn = rendered(figure_of(folder, "latent"), "svg")
    assert len(drawn) < 1_000_000
    assert f"20,000 of {n} samples shown" in drawn.decode()
    assert f"20,000 of the {n} samples" in report(folder)


def _repeat(folder: RunFolder, times: int) -> None:
    """Let a run have found the same of so many times the samples."""
    arrays, table = folder.arrays(), folder.assignments()
    arrays["latent_mean"] = np.tile(arrays["latent_mean"], (times, 1))
    np.savez(folder.path / "result" / "arrays.npz", **arrays)
    repeated = table.loc[np.tile(np.arange(len(table)), times)]
    repeated.to_csv(folder.path / "result" / "assignments.csv", index=False)

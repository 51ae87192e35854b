"""Figures, tables and payloads as plain functions of records."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from app.charts.curves import Lines, curves_figure
from app.charts.losses import loss_figure, loss_table
from app.charts.palette import COLOURS
from app.charts.scatter import (
    Components,
    Groups,
    Values,
    column_colouring,
    scatter_figure,
    subsample,
)
from app.services.projections import latent_axes, principal_axes
from app.state import decode_rows, encode_rows
from causalpima_core.report.axes import Axes
from causalpima_core.report.ellipses import SIGMAS, outline
from causalpima_core.report.evidence import (
    composition,
    conditional_table,
    edge_name,
    edge_sentence,
    edges_table,
    nodes_table,
    not_drawn_table,
)
from causalpima_core.report.pictures import limits, sheet, to_rgb
from causalpima_core.report.terms import meaning, term_names
from causalpima_core.runs.results import TableResult
from tests.app.synthetic import graph_result, summary_result

RNG = np.random.default_rng(0)

# Machado et al. (2009), severity 1, on linear RGB.
DEFICIENCIES = {
    "none": np.eye(3),
    "protan": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
    "deutan": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
    "tritan": [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]],
}


def lab(colour: str, deficiency: str) -> np.ndarray:
    """CIE L*a*b* of an sRGB colour as seen with a colour-vision deficiency."""
    srgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(np.asarray(DEFICIENCIES[deficiency]) @ linear, 0, 1)
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    xyz = np.asarray(to_xyz) @ seen / [0.95047, 1, 1.08883]
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("deficiency", DEFICIENCIES)
def test_colours_stay_apart_for_every_kind_of_colour_vision(deficiency: str):
    seen = [lab(colour, deficiency) for colour in COLOURS]
    assert min(np.linalg.norm(a - b) for a, b in combinations(seen, 2)) > 10


def test_an_ellipse_lies_at_two_standard_deviations():
    root = RNG.normal(size=(2, 2))
    covariance, mean = root @ root.T, np.array([3.0, -1.0])
    away = outline(mean, covariance) - mean
    squared = np.einsum("ij,jk,ik->i", away, np.linalg.inv(covariance), away)
    np.testing.assert_allclose(squared, SIGMAS**2)


def test_principal_axes_carry_components_along_with_points():
    latent = RNG.normal(size=(500, 5)) * [5, 3, 1, 1, 0.1]
    projection = principal_axes(latent, 2)
    components = projection.components(latent.mean(0)[None], np.cov(latent, rowvar=False)[None])
    assert components is not None
    np.testing.assert_allclose(components.means, 0, atol=1e-9)
    seen = np.cov(projection.points, rowvar=False)
    np.testing.assert_allclose(components.covariances[0], seen, atol=1e-9)
    assert seen[0, 0] > seen[1, 1]


def test_latent_axes_are_the_latents_themselves():
    latent = RNG.normal(size=(9, 4))
    projection = latent_axes(latent, (2, 0))
    np.testing.assert_array_equal(projection.points, latent[:, [2, 0]])
    assert projection.titles == ("latent 3", "latent 1")


def test_every_point_carries_its_row_whatever_its_group():
    groups = Groups(RNG.integers(-1, 3, 40), ("a", "b", "c"), "g")
    figure = scatter_figure(RNG.normal(size=(40, 2)), ("x", "y"), groups)
    carried = np.concatenate([trace.customdata[:, 0] for trace in figure.data])
    assert sorted(carried) == list(range(40))


def test_a_live_picture_of_many_components_is_sent_within_a_tick():
    shapes = Components(RNG.normal(size=(64, 2)), np.tile(np.eye(2), (64, 1, 1)))
    groups = Groups(np.arange(600) % 64, tuple(str(c) for c in range(64)), "component")
    points = RNG.normal(size=(600, 2))
    figure = scatter_figure(points, ("x", "y"), groups, components=shapes, accelerated=False)
    assert len(figure.to_json()) < 80_000


def test_ellipses_of_one_colour_do_not_touch():
    shapes = Components(np.array([[9.0 * c, 0.0] for c in range(9)]), np.tile(np.eye(2), (9, 1, 1)))
    groups = Groups(np.zeros(2, dtype=np.int64), ("a",), "g")
    lines = scatter_figure(RNG.normal(size=(2, 2)), ("x", "y"), groups, components=shapes).data[1:]
    assert [line.line.color for line in lines] == list(COLOURS)
    assert np.isnan(lines[0].x).sum() == 1
    assert np.nanmax(lines[0].x) == pytest.approx(72 + 2)


@pytest.mark.parametrize(("accelerated", "kind"), [(True, "scattergl"), (False, "scatter")])
def test_both_ways_of_drawing_show_the_same_points(accelerated: bool, kind: str):
    points, groups = RNG.normal(size=(9, 2)), Groups(np.arange(9) % 2, ("a", "b"), "g")
    figure = scatter_figure(points, ("x", "y"), groups, accelerated=accelerated)
    assert {trace.type for trace in figure.data} == {kind}
    drawn = sorted(x for trace in figure.data for x in trace.x)
    assert drawn == pytest.approx(sorted(points[:, 0]), rel=1e-6)


def test_what_was_selected_is_drawn_as_selected():
    groups = Groups(np.array([0, 1, 0, 1]), ("a", "b"), "g")
    figure = scatter_figure(np.zeros((4, 2)), ("x", "y"), groups, selected=frozenset({2, 3}))
    assert [list(trace.selectedpoints) for trace in figure.data] == [[1], [1]]


def test_nothing_selected_greys_nothing():
    figure = scatter_figure(np.zeros((4, 2)), ("x", "y"), Values(np.arange(4.0), "v"))
    assert figure.data[0].selectedpoints is None


def test_components_are_drawn_in_the_colour_of_their_points():
    points = RNG.normal(size=(20, 2))
    groups = Groups(np.repeat([0, 1], 10), ("0", "1"), "component")
    components = Components(np.zeros((2, 2)), np.tile(np.eye(2), (2, 1, 1)))
    figure = scatter_figure(points, ("x", "y"), groups, components=components)
    colours = [trace.marker.color for trace in figure.data[:2]]
    assert [trace.line.color for trace in figure.data[2:]] == colours


def test_large_data_are_thinned_always_alike():
    first, again = subsample(50_000), subsample(50_000)
    assert len(first) == 20_000
    np.testing.assert_array_equal(first, again)
    assert len(subsample(10)) == 10


def test_numbers_with_many_values_are_values_and_others_are_groups():
    assert isinstance(column_colouring(pd.Series(np.arange(50.0))), Values)
    assert isinstance(column_colouring(pd.Series([0, 1, 1])), Groups)
    groups = column_colouring(pd.Series(["b", "a", None]))
    assert isinstance(groups, Groups)
    assert groups.index.tolist() == [1, 0, -1]


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_images_of_any_channels_become_colour(channels: int):
    images = RNG.random((5, channels, 6, 4))
    rgb = to_rgb(images, (0.0, 1.0))
    assert rgb.shape == (5, 6, 4, 3)
    assert rgb[0, 0, 0, 0] == round(images[0, 0, 0, 0] * 255)


def test_a_sheet_shows_every_image_and_clear_gaps():
    images = np.ones((5, 1, 8, 8))
    page = sheet(images, columns=3, black_white=(0.0, 1.0))
    white = (page == 255).all(-1).sum()
    assert white == 5 * 56 * 56
    assert page[..., 3].min() == 0


def test_limits_ignore_missing_measurements():
    images = RNG.random((50, 1, 8, 8))
    images[3] = np.nan
    low, high = limits(images)
    assert 0 <= low < 0.02 < 0.98 < high <= 1


def test_overlaid_curves_are_one_trace_with_gaps():
    figure = curves_figure([Lines(RNG.random((7, 20)), "", COLOURS[0])])
    (trace,) = figure.data
    assert np.isnan(trace.y).sum() == 7


def test_faint_lines_have_a_legend_that_can_be_seen():
    figure = curves_figure([Lines(RNG.random((7, 20)), "seven", "#000000", 0.1)])
    shown = [trace for trace in figure.data if trace.showlegend is not False]
    assert [(trace.name, trace.line.color) for trace in shown] == [("seven", "rgba(0,0,0,0.75)")]


def test_curves_lie_along_the_axis_they_are_given():
    axes = Axes(0.0, 0.03, "t", "value [MPa]")
    figure = curves_figure([Lines(RNG.random((2, 4)), "", COLOURS[0])], axes=axes)
    (trace,) = figure.data
    once = [0.0, 0.01, 0.02, 0.03, np.nan]
    np.testing.assert_allclose(np.array(trace.x, dtype=float), [*once, *once])
    assert figure.layout.yaxis.title.text == "value [MPa]"


def metrics() -> pd.DataFrame:
    rows = [
        (e * 10, e, stage, term, value * e, 0.0)
        for e, stage in ((1, "warm-up"), (2, "warm-up"), (3, "joint"))
        for term, value in (
            ("train/elbo", -1.0),
            ("held_out/elbo", -2.0),
            ("train/reconstruction.image", -3.0),
            ("train/description_length", -4.0),
        )
    ]
    return pd.DataFrame(rows, columns=["step", "epoch", "stage", "term", "value", "time"])


def test_loss_terms_are_named_and_the_elbo_comes_first():
    assert term_names(metrics()) == ["elbo", "reconstruction.image", "description_length"]
    table = loss_table(metrics()).set_index("term")
    assert table.loc["ELBO", "held out"] == -6
    assert np.isnan(table.loc["description length", "held out"])
    assert table.loc["ELBO", "course"] == [-1, -2, -3]
    assert all(meaning(term) for term in term_names(metrics()))


def test_the_loss_is_drawn_in_training_and_held_out_with_stages():
    figure = loss_figure(metrics(), "elbo")
    assert [trace.name for trace in figure.data] == ["training", "held out"]
    assert [note.text for note in figure.layout.annotations] == ["joint"]


def test_a_conditional_table_has_a_row_per_combination_of_parents():
    graph = graph_result((2, 3, 2))
    probabilities = RNG.dirichlet([1, 1], size=(2, 3))
    table = TableResult(parents=["node_1", "node_2"], probabilities=probabilities.tolist())
    graph.tables["node_3"] = table
    frame = conditional_table(graph, "node_3")
    assert frame.shape == (6, 4)
    row = frame[(frame["node_1"] == "1") & (frame["node_2"] == "2")].iloc[0]
    np.testing.assert_allclose(row[["node_3 = 0", "node_3 = 1"]].astype(float), probabilities[1, 2])


def test_only_a_compelled_edge_is_said_with_an_arrow():
    compelled, reversible = graph_result((2, 2, 2)).edges
    assert edge_name(compelled) == "node_1 → node_2"
    assert edge_name(reversible) == "node_2 — node_3"
    assert "no direction was discovered" in edge_sentence(reversible)
    assert "no direction" not in edge_sentence(compelled)


def test_tables_of_evidence_name_weak_nodes_and_disagreement():
    graph = graph_result((2, 2, 2))
    summary = summary_result(["node_1", "node_2", "node_3"], ("image",))
    words = nodes_table(graph, summary)["in words"].tolist()
    assert words == ["clear", "weak", "weak"]
    assert edges_table(graph)["remark"].tolist() == ["flow weight and posterior disagree", ""]
    assert not_drawn_table(summary)["probability"].tolist() == [0.2]


def test_a_graph_without_edges_has_an_empty_table():
    assert edges_table(graph_result((2,))).empty
    assert not_drawn_table(summary_result(["node_1"], ())).empty


def test_composition_adds_up_and_lists_states_that_do_not_occur():
    states = pd.DataFrame({"node_1": [0, 0, 1, 1], "node_2": [0, 0, 0, 0]})
    table = composition(states, np.array([0, 1, 2]), {"node_1": 3, "node_2": 2})
    assert table["state"].tolist() == [
        *(f"node_1 = {k}" for k in range(3)),
        *(f"node_2 = {k}" for k in range(2)),
    ]
    assert table["samples"].tolist() == [2, 1, 0, 3, 0]
    np.testing.assert_allclose(table["selection"], [200 / 3, 100 / 3, 0, 100, 0])
    np.testing.assert_allclose(table["all"], [50, 50, 0, 100, 0])


def test_selections_survive_a_url_and_damage_is_no_selection():
    rows = RNG.choice(20_000, 3_000, replace=False).tolist()
    assert decode_rows(encode_rows(rows)) == frozenset(rows)
    assert encode_rows([]) == ""
    for damaged in ("", "%%%", "AAAA", encode_rows(rows)[:-9]):
        assert decode_rows(damaged) <= frozenset(range(20_000))

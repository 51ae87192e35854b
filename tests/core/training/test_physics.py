import numpy as np
import pytest

import causalpima_core
from causalpima_core.data.multimodal import of_arrays
from causalpima_core.experts.spec import parse_expert
from causalpima_core.scores import component_accuracy
from causalpima_core.training.physics import physical_candidates, physical_view
from causalpima_core.training.pursuit import View, side_by_side

DECAY = "amplitude*exp(-rate*t); amplitude>0; rate>0; t=0:4 [s]"


def decays(n=400, noise=0.02, seed=0):
    """Curves of two rates by one cause and two amplitudes by another; and the causes."""
    rng = np.random.default_rng(seed)
    cause = rng.integers(0, 2, (n, 2))
    rate = np.where(cause[:, 0], 1.6, 0.8) * np.exp(0.04 * rng.normal(size=n))
    amplitude = np.where(cause[:, 1], 3.0, 2.0) * np.exp(0.04 * rng.normal(size=n))
    t = np.linspace(0, 4, 40)
    curves = amplitude[:, None] * np.exp(-rate[:, None] * t)
    return curves + noise * rng.normal(size=curves.shape), cause, np.stack([amplitude, rate], 1)


def test_a_view_holds_each_samples_own_parameters():
    curves, _, own = decays()
    seen = np.arange(len(curves)) % 5 > 0
    view = physical_view("curve", parse_expert(DECAY), curves, seen, np.random.default_rng(0))
    assert view.name == "curve physics"
    for j in range(2):
        assert np.corrcoef(view.mean[seen, j], np.log(own[seen, j]))[0, 1] > 0.999
    np.testing.assert_allclose(view.mean[seen].std(0), 1, rtol=1e-6)
    assert (view.mean[~seen] == 0).all()
    assert (view.variance[seen] < 0.05).all()


def test_where_a_curve_is_missing_its_parameters_are_what_latents_let_expect():
    curves, _, own = decays()
    seen = np.arange(len(curves)) % 5 > 0
    view = physical_view("curve", parse_expert(DECAY), curves, seen, np.random.default_rng(0))
    latents = np.log(own) @ [[1.0, 0.5], [-0.3, 2.0]]
    beside = side_by_side(latents, [view])
    np.testing.assert_array_equal(beside[:, :2], latents)
    assert np.corrcoef(beside[~seen, 2], np.log(own[~seen, 0]))[0, 1] > 0.999


def test_parameters_that_curves_do_not_determine_are_no_view():
    curves, *_ = decays()
    confused = parse_expert("a*b*exp(-k*t); a>0; b>0; k>0; t=0:4")
    everyone = np.ones(len(curves), dtype=bool)
    view = physical_view("curve", confused, curves, everyone, np.random.default_rng(0))
    latents = np.zeros((len(curves), 2))
    assert side_by_side(latents, [view]).shape[1] == 3  # of a, b and k, only k can be told


def test_groups_are_found_in_physical_parameters():
    curves, cause, _ = decays(n=200)
    everyone, rng = np.ones(len(curves), dtype=bool), np.random.default_rng(0)
    view = physical_view("curve", parse_expert(DECAY), curves, everyone, rng)
    found = [cell for _, cell in physical_candidates([view], [], view.mean, (2, 2), rng)]
    truth = 2 * cause[:, 0] + cause[:, 1]
    assert max(component_accuracy(truth, cell) for cell in found) == 1.0


def test_a_node_the_curve_does_not_show_is_grown_in_another_view():
    curves, cause, _ = decays(n=200)
    everyone, rng = np.ones(len(curves), dtype=bool), np.random.default_rng(0)
    view = physical_view("curve", parse_expert(DECAY), curves, everyone, rng)
    hidden = rng.integers(0, 2, len(curves))
    seen = hidden[:, None] * [3.0, 1.0] + 0.2 * rng.normal(size=(len(curves), 2))
    image = View("image", seen, np.zeros_like(seen), everyone)
    found = physical_candidates([view], [image], view.mean, (2, 2, 2), rng)
    truth = 4 * hidden + 2 * cause[:, 0] + cause[:, 1]
    assert max(component_accuracy(truth, cell) for _, cell in found) == 1.0


@pytest.mark.slow
def test_training_finds_graph_nodes_and_parameters_with_their_errors(tmp_path):
    curves, cause, own = decays(n=800)
    table = cause[:, :1] + 0.1 * np.random.default_rng(1).normal(size=(800, 3))
    dataset = of_arrays({"curve": curves, "table": table})
    law = f"{DECAY}; value [V]; amplitude [V]; rate [1/s]"
    model = causalpima_core.fit(dataset, (2, 2), preset="quick", experts={"curve": law})
    nodes = model.assignments[["node_1", "node_2"]].to_numpy()
    assert component_accuracy(nodes @ [2, 1], cause @ [2, 1]) > 0.99
    found = model.physics().set_index(["component", "parameter"])
    assert dict(zip(found.index.get_level_values(1), found["unit"], strict=True)) == {
        "amplitude": "V",
        "rate": "1/s",
    }
    for (component, parameter), row in found.iterrows():
        members = own[model.assignments["component"] == component]
        mine = members[:, ("amplitude", "rate").index(parameter)]
        # the samples' own mean, up to noise and the curvature that a mean curve has
        assert abs(row["value"] - mine.mean()) < row["standard_error"]
        expected = mine.std() / len(mine) ** 0.5
        assert row["standard_error"] == pytest.approx(expected, rel=0.2)
        assert row["spread"] == pytest.approx(mine.std(), rel=0.2)
    (expert,) = model.summary.experts
    assert [c.noise for c in expert.components] == pytest.approx([0.02] * 4, rel=0.1)
    model.save(tmp_path / "run")
    again = causalpima_core.FittedModel.load(tmp_path / "run")
    np.testing.assert_array_equal(again.prototypes()["curve"], model.prototypes()["curve"])
    np.testing.assert_array_equal(again.posterior(dataset), model.posterior(dataset))

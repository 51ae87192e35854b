import json
from contextlib import contextmanager
from copy import copy
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

import causalpima_core
from causalpima_core.__main__ import main
from causalpima_core.config import TrainingConfig
from causalpima_core.counterfactuals import counterfactual_outcomes, transition
from causalpima_core.data.multimodal import MultimodalDataset
from causalpima_core.errors import ConfigError, DataError
from causalpima_core.fitted import FittedGraph
from causalpima_core.outcomes import outcome_table
from causalpima_core.prior import GaussianComponents
from causalpima_core.queries import carry
from tests.core.training.conftest import two_cause_data

pytestmark = pytest.mark.slow


@contextmanager
def short_training():
    """The same training, shorter: such data need no 1,000 steps."""
    whole = TrainingConfig.of_preset
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            TrainingConfig,
            "of_preset",
            lambda preset, **c: whole(preset, **c, warm_up_steps=80, joint_steps=40),
        )
        yield


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    """A fitted model, data it has not seen, and the run as a folder."""
    dataset, _ = two_cause_data(n=500)
    curve = replace(dataset["curve"], unit="MPa", axis=tuple(np.linspace(0, 3, 24)))
    dataset = replace(dataset, modalities=(curve, dataset["table"]))
    fresh, truth = two_cause_data(n=300, seed=9)
    with short_training():
        model = causalpima_core.fit(dataset, (2, 2), seed=1, preset="quick", latent_dim=4)
    run = tmp_path_factory.mktemp("queries") / "run"
    model.save(run)
    return model, fresh, truth, run


def only(dataset, *names):
    kept = tuple(m for m in dataset.modalities if m.name in names)
    return MultimodalDataset(kept, dataset.sample_id, dataset.metadata)


def write(path, dataset):
    np.savez(path, **{m.name: m.values for m in dataset.modalities})
    return path


def test_a_curve_is_predicted_from_the_table_within_honest_intervals(asked):
    model, fresh, _, _ = asked
    truth = fresh["curve"].values
    found = model.predict(only(fresh, "table"), "curve")
    of_mean = np.square(truth - truth.mean(0)).mean()
    assert np.square(found.mean - truth).mean() < 0.1 * of_mean
    covered = ((found.lower <= truth) & (truth <= found.upper)).mean()
    assert 0.8 < covered < 0.99


def test_what_a_modality_does_not_show_is_left_open(asked):
    # The curve shows the cause alone: the effect's column keeps its spread given the cause.
    model, fresh, truth, _ = asked
    found = model.predict(only(fresh, "curve"), "table")
    width = (found.upper - found.lower)[:, 0]
    assert np.median(width) > 1.5  # its two values are 2 apart
    posterior = model.posterior(only(fresh, "curve"))
    table = outcome_table((2, 2))
    sure = [np.abs(posterior @ (table[:, j] == 0) - 0.5) for j in range(2)]
    of_cause = int(np.argmax([s.mean() for s in sure]))
    assert sure[of_cause].mean() > 0.49
    assert sure[1 - of_cause].mean() < 0.45
    state = (posterior @ (table[:, of_cause] == 0) > 0.5).astype(int)
    assert max((state == truth[:, 0]).mean(), (state != truth[:, 0]).mean()) > 0.99


def test_the_target_itself_is_not_looked_at(asked):
    model, fresh, _, _ = asked
    with_it, without = model.predict(fresh, "curve"), model.predict(only(fresh, "table"), "curve")
    np.testing.assert_array_equal(with_it.mean, without.mean)


def test_nothing_to_predict_from_is_said(asked):
    model, fresh, _, _ = asked
    with pytest.raises(DataError, match="Nothing to predict 'curve' from"):
        model.predict(only(fresh, "curve"), "curve")
    with pytest.raises(DataError, match="Unknown modality 'sound'"):
        model.predict(fresh, "sound")


def test_setting_a_node_to_the_state_it_has_gives_the_sample_itself(asked):
    model, fresh, _, _ = asked
    table = outcome_table((2, 2))
    for dataset in (fresh, only(fresh, "curve")):
        own = model.reconstruct(dataset)
        for state in (0, 1):
            found = model.counterfactual(dataset, {"node_1": state})
            same = table[found.factual][:, 0] == state
            np.testing.assert_array_equal(found.outcome[same], found.factual[same])
            np.testing.assert_allclose(found.probabilities[same].max(1), 1.0)
            np.testing.assert_array_equal(table[found.outcome][:, 0], state)
            for name, values in found.measurements.items():
                np.testing.assert_array_equal(values[same], own[name][same])
    error = np.square(model.reconstruct(fresh)["curve"] - fresh["curve"].values).mean()
    assert error < 0.05 * fresh["curve"].values.var()


def test_a_counterfactual_keeps_what_is_particular_to_a_sample(rng):
    """In a curve of known offset the offset stays when the factor changes the slope."""
    n = 400
    slope, offset = rng.integers(0, 2, n), rng.normal(0, 0.3, n)
    t = np.linspace(-1, 1, 16)
    curve = offset[:, None] + np.where(slope[:, None], t, -t) + rng.normal(0, 0.02, (n, 16))
    dataset = causalpima_core.of_arrays({"curve": curve})
    with short_training():
        model = causalpima_core.fit(dataset, (2,), seed=0, preset="quick", latent_dim=2)
    for state in (0, 1):
        found = model.counterfactual(dataset, {"node_1": state}).measurements["curve"]
        assert np.corrcoef(found.mean(1), offset)[0, 1] > 0.95
        steepness = found @ t / (t @ t)
        assert np.abs(np.abs(steepness) - 1).mean() < 0.1
        assert (np.sign(steepness) == np.sign(steepness[0])).all()


def test_carrying_maps_one_gaussian_onto_another_and_moves_nothing_more_than_it_must(rng):
    roots = torch.from_numpy(rng.normal(size=(2, 3, 3)))
    covariance = roots @ roots.mT + 0.1 * torch.eye(3)
    mean = torch.from_numpy(rng.normal(size=(2, 3)))
    components = GaussianComponents(mean, covariance)
    ends = torch.zeros(3, dtype=torch.long), torch.ones(3, dtype=torch.long)
    axes = mean[0] + torch.eye(3, dtype=torch.float64)
    matrix = (carry(components, axes, *ends) - mean[1]).T
    torch.testing.assert_close(matrix @ covariance[0] @ matrix.T, covariance[1])
    # Symmetric and positive: the gradient of a convex function, which makes it optimal (Brenier).
    torch.testing.assert_close(matrix, matrix.T)
    assert (torch.linalg.eigvalsh(matrix) > 0).all()


def test_an_intervention_on_a_reversible_edge_is_told_of(asked):
    model = asked[0]
    ((source, target, _),) = model.graph.to_networkx().edges(data=True)
    unknown = f"The direction of the edge {source} – {target} is not known from the data: "
    acts = f"setting {source} acts on {target} only because it is drawn {source} -> {target}."
    leaves = f"setting {target} leaves {source} as it is only because it is drawn"
    assert model.caveats({source: 0}) == [unknown + acts]
    assert model.caveats({target: 0})[0].startswith(unknown + leaves)
    assert model.caveats({source: 0, target: 0}) == []
    chances = model.intervention_probabilities({target: 1}).reshape(2, 2)
    index = int(target[-1]) - 1
    np.testing.assert_allclose(chances.sum(axis=1 - index), [0, 1], atol=1e-6)


def test_counterfactuals_are_told_of_edges_between_what_follows(asked):
    model, edges = copy(asked[0]), asked[0].graph.result.edges
    named = asked[0].graph.result.nodes[0]
    nodes = [named.model_copy(update={"name": f"node_{i}"}) for i in (1, 2, 3)]
    drawn = [
        edges[0].model_copy(update={"source": a, "target": b, "direction": direction})
        for a, b, direction in (
            ("node_1", "node_2", "compelled"),
            ("node_1", "node_3", "compelled"),
            ("node_2", "node_3", "reversible"),
        )
    ]
    result = asked[0].graph.result.model_copy(update={"nodes": nodes, "edges": drawn})
    model.graph = FittedGraph(result, model.config)
    assert model.caveats({"node_1": 0}) == []
    (told,) = model.caveats({"node_1": 0}, counterfactual=True)
    assert told.endswith(
        "what would have become of both is so only because it is drawn node_2 -> node_3."
    )
    assert model.caveats({"node_1": 0, "node_2": 0, "node_3": 1}, counterfactual=True) == []


def test_gumbel_transitions_agree_with_simulated_mechanisms(rng):
    before, after = np.array([0.5, 0.3, 0.2]), np.array([0.2, 0.3, 0.5])
    noise = rng.gumbel(size=(400_000, 3))
    was, would = (np.log(before) + noise).argmax(1), (np.log(after) + noise).argmax(1)
    for state in range(3):
        simulated = np.bincount(would[was == state], minlength=3) / (was == state).sum()
        np.testing.assert_allclose(transition(before, after, state), simulated, atol=5e-3)


def test_averaged_over_what_was_counterfactuals_are_the_intervention(rng):
    tables = rng.uniform(0.1, 1, size=(2, 2, 3))
    tables[0] = tables[0][:, :1]
    tables[0] /= tables[0].sum(0, keepdims=True)
    tables[1] /= tables[1].sum(1, keepdims=True)
    joint = tables.prod(0)
    average = sum(
        joint[tuple(c)] * counterfactual_outcomes(tables, {0: 1}, c) for c in outcome_table((2, 3))
    )
    np.testing.assert_allclose(average[0], 0, atol=1e-12)
    np.testing.assert_allclose(average[1], tables[1][1], atol=1e-9)


def test_the_command_line_asks_the_same_questions(asked, tmp_path):
    model, fresh, _, run = asked
    data = write(tmp_path / "table.npz", only(fresh, "table"))
    assert (
        main(["predict", str(run), str(data), "--target", "curve", "--out", f"{data}.p.npz"]) == 0
    )
    with np.load(f"{data}.p.npz") as found:
        expected = model.predict(only(fresh, "table"), "curve")
        np.testing.assert_array_equal(found["curve_upper"], expected.upper)
        assert len(found["sample_id"]) == 300
    out = tmp_path / "made.npz"
    assert (
        main(["generate", str(run), "--samples", "7", "--do", "node_1=0", "--out", str(out)]) == 0
    )
    with np.load(out) as found:
        assert found["curve"].shape == (7, 24)
    out = tmp_path / "posterior.csv"
    assert main(["posterior", str(run), str(data), "--out", str(out)]) == 0
    table = pd.read_csv(out)
    np.testing.assert_allclose(table["node_2=0"] + table["node_2=1"], 1, atol=1e-5)
    assert list(table)[:5] == ["sample", "component", "confidence", "node_1", "node_2"]
    out = tmp_path / "would.npz"
    asked_for = ["counterfactual", str(run), str(data), "--do", "node_2=1", "--out", str(out)]
    assert main(asked_for) == 0
    with np.load(out) as found:
        np.testing.assert_array_equal(found["outcome"][:, 1], 1)
        same = (found["factual"] == found["outcome"]).all(1)
        own = found["table_reconstruction"]
        np.testing.assert_array_equal(found["table"][same], own[same])


def test_units_and_axes_that_were_others_in_training_are_told_of(asked, tmp_path, capsys):
    _, fresh, _, run = asked
    data = write(tmp_path / "fresh.npz", fresh)
    other = [
        "note: 'curve' is in kPa here and was in MPa in training: the numbers are taken as they "
        "stand.",
        "note: Curve 'curve' runs from 0 to 6 here and ran from 0 to 3 in training: it is taken "
        "point by point.",
    ]
    for stated, told in (
        ({}, []),
        ({"unit": "MPa", "axis": [0, 3]}, []),
        ({"unit": "kPa", "axis": [0, 6]}, other),
    ):
        (tmp_path / "fresh.units.json").write_text(json.dumps({"curve": stated}))
        for words in (
            ["predict", "--target", "table", "--out", str(tmp_path / "predicted.npz")],
            ["posterior", "--out", str(tmp_path / "posterior.csv")],
            ["counterfactual", "--do", "node_1=0", "--do", "node_2=0", "--out", f"{data}.c.npz"],
        ):
            assert main([words[0], str(run), str(data), *words[1:]]) == 0
            assert capsys.readouterr().err.splitlines() == told


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["generate", "RUN", "--samples", "3", "--do", "node_9=0", "--out", "x.npz"], "node_9"),
        (["generate", "RUN", "--samples", "3", "--do", "node_1", "--out", "x.npz"], "NODE=STATE"),
        (["generate", "RUN", "--samples", "3", "--out", "x.csv"], "ending in .npz"),
        (["predict", "RUN", "DATA", "--target", "table", "--out", "x.npz"], "Nothing to predict"),
        (["counterfactual", "RUN", "DATA", "--out", "x.npz"], "got no --do"),
        (["posterior", "RUN", "DATA", "--out", "no/where/x.csv"], "Cannot write"),
    ],
)
def test_bad_questions_get_one_sentence_and_leave_nothing(
    asked, tmp_path, monkeypatch, capsys, arguments, sentence
):
    monkeypatch.chdir(tmp_path)
    data = write(tmp_path / "table.npz", only(asked[1], "table"))
    places = {"RUN": str(asked[3]), "DATA": str(data)}
    assert main([places.get(a, a) for a in arguments]) == 2
    told = capsys.readouterr().err
    assert sentence in told
    assert told.count("\n") == 1
    assert [p.name for p in tmp_path.iterdir()] == ["table.npz"]


def test_settings_are_checked(asked):
    with pytest.raises(ConfigError, match="Cannot set node_1 to 5"):
        asked[0].counterfactual(asked[1], {"node_1": 5})

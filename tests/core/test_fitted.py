import numpy as np
import pytest

import causalpima_core
from causalpima_core.config import TrainingConfig
from causalpima_core.errors import ConfigError, DataError
from causalpima_core.report.page import report
from causalpima_core.runs.records import EpochRecord
from causalpima_core.runs.store import RunFolder
from tests.core.training.conftest import two_cause_data

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def fitted():
    dataset, truth = two_cause_data(n=400)
    records = []
    with pytest.MonkeyPatch.context() as patch:
        # The same training, shorter: this data needs no 1,000 steps.
        whole = TrainingConfig.of_preset
        patch.setattr(
            TrainingConfig,
            "of_preset",
            lambda preset, **c: whole(preset, **c, warm_up_steps=80, joint_steps=40),
        )
        model = causalpima_core.fit(
            dataset, (2, 2), seed=1, preset="quick", on_record=records.append, latent_dim=4
        )
    return model, dataset, truth, records


def test_fit_tells_its_records_and_finds_the_factors(fitted):
    model, _, truth, records = fitted
    assert any(isinstance(record, EpochRecord) for record in records)
    nodes = model.assignments[["node_1", "node_2"]].to_numpy()
    for factor in truth.T:
        assert max(max((n == factor).mean(), (n != factor).mean()) for n in nodes.T) > 0.98


def test_the_graph_goes_to_networkx_with_its_evidence(fitted):
    model = fitted[0]
    graph = model.graph.to_networkx()
    assert set(graph.nodes) == {"node_1", "node_2"}
    ((_, _, evidence),) = graph.edges(data=True)
    assert evidence["direction"] == "reversible"
    assert model.graph.equivalence_class().reversible.sum() == 2


def test_a_saved_model_answers_as_before(fitted, tmp_path):
    model, dataset, _, _ = fitted
    model.save(tmp_path / "run")
    again = causalpima_core.FittedModel.load(tmp_path / "run")
    np.testing.assert_array_equal(model.posterior(dataset), again.posterior(dataset))
    np.testing.assert_array_equal(model.prototypes()["curve"], again.prototypes()["curve"])
    assert again.graph.result == model.graph.result
    assert again.summary == model.summary


def test_a_saved_model_is_reported_without_the_data_that_were_in_memory(fitted, tmp_path):
    fitted[0].save(tmp_path / "run")
    told = report(RunFolder(tmp_path / "run"))
    assert "The measurements are not shown. The run was made from data in memory." in told
    assert "causalpima_core.fit(dataset, (2, 2), seed=1, preset=" in told


def test_the_posterior_is_a_distribution_and_agrees_with_the_assignments(fitted):
    model, dataset, _, _ = fitted
    posterior = model.posterior(dataset)
    np.testing.assert_allclose(posterior.sum(1), 1.0, rtol=1e-5)
    np.testing.assert_array_equal(posterior.argmax(1), model.assignments["component"])


def test_one_modality_alone_says_what_it_can(fitted):
    model, dataset, truth, _ = fitted
    alone = causalpima_core.of_arrays({"table": dataset["table"].values})
    component = model.posterior(alone).argmax(1)
    table = np.array([c.outcome for c in model.graph.result.components])
    nodes = table[component]
    effect = truth[:, 1]
    assert max(max((n == effect).mean(), (n != effect).mean()) for n in nodes.T) > 0.95


def test_a_foreign_dataset_is_refused(fitted):
    foreign = causalpima_core.of_arrays({"x": np.random.default_rng(0).random((5, 2))})
    with pytest.raises(DataError, match="Expected at least one of the modalities curve, table"):
        fitted[0].posterior(foreign)


def test_an_intervention_on_the_effect_leaves_the_cause_and_one_on_the_cause_moves_it(fitted):
    """Whichever way the reversible edge was drawn, its own truncated factorisation must hold."""
    model = fitted[0]
    (edge,) = model.graph.result.edges
    free = model.generate(4000, seed=0)["table"].mean(0)
    on_effect = model.generate(4000, do={edge.target: 1}, seed=0)["table"].mean(0)
    on_cause = model.generate(4000, do={edge.source: 1}, seed=0)["table"].mean(0)
    assert np.abs(on_effect - free).max() > 0.3
    assert np.abs(on_cause - free).max() > 0.3


def test_generated_samples_lie_in_the_latent_space_as_the_components_do(fitted, monkeypatch):
    model = fitted[0]
    drawn = []
    monkeypatch.setattr(model._model, "decode_to_units", lambda latent: drawn.append(latent) or {})
    model.generate(20_000, seed=3)
    components, weights = model._model.components, model.intervention_probabilities({})
    mean = weights @ components.mean.double().numpy()
    np.testing.assert_allclose(drawn[0].mean(0), mean, atol=0.05)
    between = np.cov(components.mean.double().numpy().T, aweights=weights, ddof=0)
    within = np.einsum("c,cij->ij", weights, components.full_covariance().double().numpy())
    np.testing.assert_allclose(np.cov(drawn[0].numpy().T), between + within, atol=0.1)


@pytest.mark.parametrize("n_samples", [0, -3])
def test_nothing_cannot_be_drawn(fitted, n_samples):
    with pytest.raises(ConfigError, match=f"Expected 1 or more samples to draw, got {n_samples}"):
        fitted[0].generate(n_samples)


@pytest.mark.parametrize("seed", [-1, 2**64, 99999999999999999999999])
def test_a_seed_that_is_none_is_refused_in_a_sentence(fitted, seed):
    model, dataset, _, _ = fitted
    with pytest.raises(ConfigError, match=rf"Expected a seed from 0 to {2**64 - 1}, got {seed}\."):
        model.generate(1, seed=seed)
    with pytest.raises(ConfigError, match="Expected a seed from 0"):
        model.predict(dataset, "curve", seed=seed)
    assert len(model.generate(2, seed=2**64 - 1)["table"]) == 2


def test_an_impossible_intervention_is_refused(fitted):
    with pytest.raises(ConfigError, match="Cannot set node_1 to 5"):
        fitted[0].generate(1, do={"node_1": 5})


def test_unknown_names_are_attribute_errors():
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = causalpima_core.nonsense

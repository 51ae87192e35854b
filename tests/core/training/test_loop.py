from copy import deepcopy

import numpy as np
import pytest
import torch

from causalpima_core.data.multimodal import of_arrays
from causalpima_core.errors import TrainingError
from causalpima_core.runs.records import EpochRecord, Snapshot, Stage, StageRecord
from causalpima_core.scores import component_accuracy
from causalpima_core.training import search, start
from causalpima_core.training.checkpoint import last_checkpoint, save_checkpoint
from causalpima_core.training.findings import conclude
from causalpima_core.training.loop import Trainer
from tests.core.training.conftest import (
    CPU,
    Whole,
    assert_same,
    gone_on,
    trained_whole,
    two_cause_data,
)

INTERRUPTED = (3, 14, 25, 30)
OF_CYCLES = (10, 20, 30)


@pytest.fixture(scope="module")
def whole(dataset, model_config, training_config, tmp_path_factory) -> Whole:
    kept_in = tmp_path_factory.mktemp("whole")
    return trained_whole(dataset, model_config, training_config, kept_in, INTERRUPTED)


def test_known_features_and_their_edge_are_found(dataset, whole):
    stages = [r.stage for r in whole.of(StageRecord)]
    assert stages == [Stage.WARM_UP, Stage.CANDIDATES, Stage.JOINT, Stage.DISTIL]
    findings = conclude(deepcopy(whole.trainer), dataset)
    _, truth = two_cause_data()
    found = findings.assignments[["node_1", "node_2"]].to_numpy()
    assert component_accuracy(2 * truth[:, 0] + truth[:, 1], 2 * found[:, 0] + found[:, 1]) > 0.98
    (edge,) = findings.graph.edges
    assert edge.direction == "reversible"
    assert edge.probability > 0.99
    assert edge.probability_of_direction == pytest.approx(0.5, abs=0.01)
    table = np.array(findings.graph.tables[edge.target].probabilities)
    np.testing.assert_allclose(np.sort(table, axis=1), [[0.15, 0.85]] * 2, atol=0.06)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_result(dataset, model_config, training_config, whole):
    again = trained_whole(dataset, model_config, training_config)
    assert again.of(EpochRecord) == whole.of(EpochRecord)
    assert_same(again.weights(), whole.weights())


@pytest.mark.slow
@pytest.mark.parametrize("interrupted_at", INTERRUPTED)
def test_going_on_from_a_checkpoint_is_as_if_nothing_had_happened(
    dataset, model_config, training_config, whole, interrupted_at
):
    checkpoint = whole.checkpoints[interrupted_at]
    second = gone_on(dataset, model_config, training_config, checkpoint)
    assert interrupted_at < second.position.epoch == whole.trainer.position.epoch
    assert_same(whole.weights(), second.model.state_dict())


@pytest.fixture
def unclear(monkeypatch):
    """Groups that are never clear, nor passable: all cycles of the warm-up are made."""
    monkeypatch.setattr(start, "CLEAR_ENTROPY", -1.0)
    monkeypatch.setattr(search, "OVERLAP", -1.0)


@pytest.mark.slow
@pytest.mark.usefixtures("unclear")
def test_going_on_works_where_unclear_groups_took_several_cycles(
    model_config, training_config, tmp_path
):
    dataset, _ = two_cause_data(n=120)
    config = training_config.model_copy(update={"warm_up_cycles": 3, "warm_up_steps": 40})
    whole = trained_whole(dataset, model_config, config, tmp_path, OF_CYCLES)
    stages = [r.stage for r in whole.of(StageRecord)]
    assert stages == [Stage.WARM_UP, Stage.CANDIDATES] * 3 + [Stage.JOINT, Stage.DISTIL]
    assert len(whole.checkpoints) == len(OF_CYCLES)
    for checkpoint in whole.checkpoints.values():
        second = gone_on(dataset, model_config, config, checkpoint)
        assert_same(whole.weights(), second.model.state_dict())


def test_a_damaged_checkpoint_costs_an_epoch_and_not_the_run(
    dataset, model_config, training_config, tmp_path
):
    trainer = Trainer(dataset, model_config, training_config, CPU)
    for number in (1, 2, 3):
        save_checkpoint(tmp_path, number, *trainer.state())
        trainer.position.epoch = number + 1
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "000002.safetensors",
        "000003.safetensors",
    ]
    newest = tmp_path / "000003.safetensors"
    newest.write_bytes(newest.read_bytes()[:1000])
    _, notes = last_checkpoint(tmp_path).stored
    assert notes["position"]["epoch"] == 2


@pytest.mark.slow
def test_missing_measurements_are_trained_around(model_config, training_config):
    dataset, truth = two_cause_data(missing=0.3)
    trainer = Trainer(dataset, model_config, training_config, CPU)
    for _ in trainer.run():
        pass
    found = conclude(trainer, dataset).assignments
    seen = dataset["curve"].observed
    effect = found["node_1"], found["node_2"]
    agreement = max(component_accuracy(truth[seen, 1], node[seen]) for node in effect)
    assert agreement > 0.98


def test_a_loss_that_is_no_number_stops_training_in_words(dataset, model_config, training_config):
    trainer = Trainer(dataset, model_config, training_config, CPU)
    records = trainer.run()
    with pytest.raises(TrainingError, match=r"diverged: the loss became NaN .*curve"):  # noqa: PT012
        for record in records:
            if isinstance(record, EpochRecord):
                with torch.no_grad():
                    next(iter(trainer.model.decoders["curve"].parameters())).fill_(torch.nan)


def test_samples_that_are_all_alike_cannot_be_divided(model_config, training_config):
    values = np.zeros((50, 3))
    values[0, 0] = 1.0
    trainer = Trainer(of_arrays({"t": values}), model_config, training_config, CPU)
    with pytest.raises(TrainingError, match="too much alike"):
        list(trainer.run())


def test_snapshots_tell_the_whole_story(whole):
    shots = whole.of(Snapshot)
    warm_up = [s for s in shots if s.stage is Stage.WARM_UP]
    joint = [s for s in shots if s.stage is Stage.JOINT]
    assert all((s.edges == 0).all() and len(s.means) == 0 for s in warm_up)
    assert all(len(s.means) == 4 for s in joint)
    assert joint[0].temperature > joint[-1].temperature
    weights_over_time = np.array([s.edges.max() for s in joint])
    assert weights_over_time.max() > 0.9
    np.testing.assert_allclose([s.weights.sum() for s in joint], 1.0, rtol=1e-4)


def test_epochs_report_every_term_for_both_parts_of_the_data(whole):
    last = [r for r in whole.of(EpochRecord) if r.stage is Stage.JOINT][-1]
    names = {"reconstruction.curve", "reconstruction.table", "latent_prior", "outcome_prior"}
    names |= {"latent_entropy", "outcome_entropy", "elbo"}
    for part, more in (("train", {"start"}), ("held_out", set())):
        terms = {n: last.terms[f"{part}/{n}"] for n in names | more}
        total = sum(value for name, value in terms.items() if name != "elbo")
        assert terms["elbo"] == pytest.approx(total, rel=1e-4)
    assert last.terms["train/description_length"] > 0

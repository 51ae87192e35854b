import numpy as np
import pytest
import torch

from causalpima_core.config import ModelConfig, TrainingConfig
from causalpima_core.data.multimodal import of_arrays
from causalpima_core.errors import TrainingError
from causalpima_core.runs.records import NoteRecord
from causalpima_core.scores import component_accuracy
from causalpima_core.training.checkpoint import load_checkpoint, save_checkpoint
from causalpima_core.training.counting import Trial, evidence_of
from causalpima_core.training.findings import conclude
from causalpima_core.training.loop import Trainer
from causalpima_core.training.start import Start
from tests.core.training.conftest import two_cause_data

CPU = torch.device("cpu")
AUTO = ModelConfig.parse(states="auto")


def start(states=(2, 2), entropy=0.0, nonadditive=0.02, gains=(1.0, 0.9)):
    return Start(states, np.zeros(4, int), "grown", gains, ((),) * 2, entropy, (), nonadditive)


def test_each_criterion_refuses_alone_and_says_why():
    smaller = Trial.of(start(states=(2,)), 0.0, None)
    assert Trial.of(start(), 0.5, smaller).shortfall < 1
    assert Trial.of(start(), -0.5, smaller).in_words == "2 × 2 (fewer groups say as much)"
    for worse, sentence in [
        ({"entropy": 0.04}, "2 × 2 (groups overlap, 0.04 nats)"),
        ({"gains": (1.0, None)}, "2 × 2 (a node shows nowhere by itself)"),
        ({"gains": (1.0, 0.2)}, "2 × 2 (a node shows nowhere by itself)"),
        ({"nonadditive": 0.2}, "2 × 2 (groups look like no combinations of nodes)"),
    ]:
        trial = Trial.of(start(**worse), 5.0, smaller)
        assert trial.shortfall > 1
        assert trial.in_words == sentence


def test_two_binary_factors_are_counted_found_and_told_of(training_config):
    dataset, truth = two_cause_data()
    trainer = Trainer(dataset, AUTO, training_config, CPU)
    notes = [r.text for r in trainer.run() if isinstance(r, NoteRecord)]
    assert trainer.model.config.states == (2, 2)
    assert trainer.model.config.n_latent == AUTO.n_latent
    assert any(note.startswith("States chosen from the data: 2 × 2. Refused: ") for note in notes)
    findings = conclude(trainer, dataset)
    found = findings.assignments[["node_1", "node_2"]].to_numpy()
    assert component_accuracy(2 * truth[:, 0] + truth[:, 1], 2 * found[:, 0] + found[:, 1]) > 0.98


@pytest.mark.parametrize("interrupted_at", [5, 30])
def test_going_on_before_and_after_the_choice_is_as_if_nothing_had_happened(
    dataset, training_config, interrupted_at, tmp_path
):
    whole = Trainer(dataset, AUTO, training_config, CPU)
    assert (interrupted_at < whole.cycle_epochs) == (interrupted_at == 5)
    for _ in whole.run():
        if whole.position.epoch == interrupted_at and not list(tmp_path.iterdir()):
            save_checkpoint(tmp_path, interrupted_at, *whole.state())
    again = Trainer(dataset, AUTO, training_config, CPU)
    again.restore(*load_checkpoint(tmp_path))
    assert (again.start is None) == (interrupted_at == 5)
    for _ in again.run():
        pass
    for name, tensor in whole.model.state_dict().items():
        assert torch.equal(tensor, again.model.state_dict()[name]), name


def continuum(rng):
    """One number, anywhere between its bounds, decides all."""
    where = rng.uniform(-1, 1, 300)
    path = np.column_stack([where, 0.5 * where, -where])
    return path + 0.1 * rng.normal(size=path.shape)


def test_evidence_is_for_groups_that_there_are(rng):
    member = rng.integers(0, 3, 600)
    latents = 8 * np.eye(3)[member] + rng.normal(size=(600, 3))
    of_half = np.where(member == 2, 2 + rng.integers(0, 2, 600), member)
    fewer = np.minimum(member, 1)
    right = evidence_of(latents, member)
    assert right > max(evidence_of(latents, of_half), evidence_of(latents, fewer))


@pytest.mark.parametrize("table", [lambda rng: rng.normal(size=(300, 3)), continuum])
def test_samples_without_groups_end_in_a_sentence_that_says_what_to_do(table, rng):
    training = TrainingConfig.of_preset("quick", warm_up_steps=60, warm_up_cycles=1)
    trainer = Trainer(of_arrays({"table": table(rng)}), AUTO, training, CPU)
    with pytest.raises(TrainingError, match=r"no clear groups .* --states 2,2,3"):
        for _ in trainer.run():
            pass

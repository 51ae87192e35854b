from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
import torch

from causalpima_core.config import ModelConfig, TrainingConfig
from causalpima_core.data.multimodal import of_arrays
from causalpima_core.errors import TrainingError
from causalpima_core.runs.records import NoteRecord
from causalpima_core.scores import component_accuracy
from causalpima_core.training.assignment import evidence_of
from causalpima_core.training.checkpoint import last_checkpoint
from causalpima_core.training.counting import LEAST_GAIN, Trial, weakest_gain
from causalpima_core.training.findings import conclude
from causalpima_core.training.loop import Trainer
from causalpima_core.training.pursuit import View
from causalpima_core.training.scene import Scene
from causalpima_core.training.start import Start
from tests.core.training.conftest import CPU, assert_same, gone_on, trained_whole, two_cause_data

AUTO = ModelConfig.parse(states="auto")


def scene_of(latents):
    """Samples that one view shows; nothing is asked of their appearance."""
    everyone = np.ones(len(latents), dtype=bool)
    views = [View("joint", latents, np.zeros_like(latents), everyone)]
    return Scene(views, [], latents, None)


def two_by_two(rng, apart=8.0):
    """Two independent binary nodes in two directions, and the outcome of each sample."""
    nodes = rng.integers(0, 2, (800, 2))
    return scene_of(apart * nodes + rng.normal(size=(800, 2))), nodes @ [2, 1]


def start(outcome, states=(2, 2)):
    gains = (1.0,) * len(states)
    return Start(states, outcome, "grown", gains, ((),) * 2, 0.0, (), 0.02)


def test_the_true_grid_meets_every_criterion_and_each_refuses_alone(rng):
    scene, outcome = two_by_two(rng)
    smaller = Trial.of(scene, start(outcome // 2, (2,)), None)
    assert smaller.shortfall < 1
    assert Trial.of(scene, start(outcome), smaller).shortfall < 1
    for worse, sentence in [
        ({"entropy": 0.04}, "2 × 2 (groups overlap, 0.040 nats)"),
        ({"nonadditive": 0.3}, "2 × 2 (groups look like no combinations of nodes)"),
        ({"labelling_gap": 0.001}, "2 × 2 (groups fit the grid in several ways)"),
        ({"labelling_gap": 0.0}, "2 × 2 (groups fit the grid in several ways)"),
    ]:
        trial = Trial.of(scene, replace(start(outcome), **worse), smaller)
        assert trial.shortfall > 1
        assert trial.in_words == sentence


def test_of_as_many_groups_those_of_more_nodes_are_preferred():
    outcome = np.arange(80) % 8
    nodes = start(outcome, (2, 2, 2))
    states = replace(start(outcome, (2, 4)), nonadditive=0.0)
    assert nodes.cost > states.cost
    assert nodes.is_better(states)
    assert not states.is_better(nodes)
    assert replace(nodes, nonadditive=0.0).is_better(nodes)


def test_a_node_or_state_that_is_not_there_shows_nowhere(rng):
    scene, outcome = two_by_two(rng)
    coin = rng.integers(0, 2, 800)
    right = Trial.of(scene, start(outcome), None)
    expected = 0.5 * np.log(1 + 8.0**2 / 4) - np.log(2)
    assert weakest_gain(scene, right.start) == pytest.approx(expected, abs=0.06)
    invented = start(2 * outcome + coin, (2, 2, 2))
    assert weakest_gain(scene, invented) == 0
    split = start(3 * (outcome // 2) + outcome % 2 * (1 + coin), (2, 3))
    assert weakest_gain(scene, split) < LEAST_GAIN
    trial = Trial.of(scene, invented, right)
    assert trial.in_words == "2 × 2 × 2 (a node or state shows nowhere)"


EARLY, LATE = 5, 30
"""Epochs before and after nodes were chosen."""


@pytest.fixture(scope="module")
def whole(dataset, training_config, tmp_path_factory):
    kept_in = tmp_path_factory.mktemp("counted")
    return trained_whole(dataset, AUTO, training_config, kept_in, (EARLY, LATE))


@pytest.mark.slow
def test_two_binary_factors_are_counted_found_and_told_of(dataset, whole):
    _, truth = two_cause_data()
    trainer = deepcopy(whole.trainer)
    notes = [r.text for r in whole.of(NoteRecord)]
    assert trainer.model.config.states == (2, 2)
    assert trainer.model.config.n_latent == AUTO.n_latent
    assert any(note.startswith("States chosen from the data: 2 × 2. Refused: ") for note in notes)
    findings = conclude(trainer, dataset)
    found = findings.assignments[["node_1", "node_2"]].to_numpy()
    assert component_accuracy(2 * truth[:, 0] + truth[:, 1], 2 * found[:, 0] + found[:, 1]) > 0.98


@pytest.mark.slow
@pytest.mark.parametrize("interrupted_at", [EARLY, LATE])
def test_going_on_before_and_after_the_choice_is_as_if_nothing_had_happened(
    dataset, training_config, whole, interrupted_at
):
    assert (interrupted_at < whole.trainer.cycle_epochs) == (interrupted_at == EARLY)
    _, notes = last_checkpoint(whole.checkpoints[interrupted_at]).stored
    assert (notes["start"] is None) == (interrupted_at == EARLY)
    again = gone_on(dataset, AUTO, training_config, whole.checkpoints[interrupted_at])
    assert_same(whole.weights(), again.model.state_dict())


@pytest.mark.slow
def test_who_has_chosen_can_go_back_before_the_choice(whole):
    trainer = deepcopy(whole.trainer)
    tensors, notes = last_checkpoint(whole.checkpoints[EARLY]).stored
    trainer.restore(tensors, notes)
    assert trainer.start is None
    assert not trainer.joint_has_begun
    restored, _ = trainer.state()
    assert restored.keys() == tensors.keys()
    assert all(torch.equal(restored[name], tensors[name]) for name in tensors)


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

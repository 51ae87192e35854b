"""Starts on data that lack a combination of states, where the truth is known."""

import numpy as np
import pytest
import torch

from causalpima_core.config import ModelConfig, TrainingConfig
from causalpima_core.data.multimodal import of_arrays
from causalpima_core.outcomes import outcome_table
from causalpima_core.runs.records import NoteRecord
from causalpima_core.samples import Samples
from causalpima_core.scores import component_accuracy
from causalpima_core.training.encoding import encode
from causalpima_core.training.findings import conclude
from causalpima_core.training.start import Start, components_at
from causalpima_core.training.vacancies import is_truer, may_be_broken
from tests.core.training.conftest import trained_whole

STATES = (2, 2, 2)
TRAINING = TrainingConfig.of_preset(
    "quick", seed=0, warm_up_steps=300, joint_steps=100, distil_steps=50
)


def three_nodes(rng, *, complete):
    """A curve of two nodes and a table of a third and, faintly, the first."""
    nodes = rng.integers(0, 2, (900, 3))
    if not complete:
        nodes = nodes[nodes.sum(1) < 3]
    n, (a, b, c) = len(nodes), nodes.T
    t = np.linspace(0, 1, 24)
    curve = (1 + a)[:, None] * np.sin(6 * t) + 1.5 * b[:, None] * t
    table = np.stack([2.0 * c, 1.0 - c, 1.5 * c + 0.5 * a], 1)
    curve, table = curve + 0.1 * rng.normal(size=(n, 24)), table + 0.15 * rng.normal(size=(n, 3))
    return of_arrays({"curve": curve, "table": table}), nodes


@pytest.fixture(scope="module")
def lacking():
    dataset, nodes = three_nodes(np.random.default_rng(0), complete=False)
    whole = trained_whole(dataset, ModelConfig.parse(states=STATES), TRAINING)
    return whole, conclude(whole.trainer, dataset), nodes


def agreements(found, nodes):
    """By factor, the best accuracy of any node."""
    return [max(component_accuracy(f, n) for n in found.T) for f in nodes.T]


def test_a_combination_that_no_sample_has_leaves_its_outcome_vacant(lacking):
    whole, found, nodes = lacking
    assert whole.trainer.start.n_vacant == 1
    names = ["node_1", "node_2", "node_3"]
    assert min(agreements(found.assignments[names].to_numpy(), nodes)) > 0.99
    weights = sorted(component.weight for component in found.graph.components)
    assert weights[0] < 0.002
    assert weights[1] > 0.08
    assert any("1 joint outcome has no samples" in n.text for n in whole.of(NoteRecord))
    assert any("1 joint outcome holds next to no" in w for w in found.summary.warnings)


def test_where_all_combinations_occur_none_is_vacant(rng):
    dataset, nodes = three_nodes(rng, complete=True)
    start = trained_whole(dataset, ModelConfig.parse(states=STATES), TRAINING).trainer.start
    assert start.n_vacant == 0
    true = np.ravel_multi_index(tuple(nodes.T), STATES)
    rows = trained_rows(dataset)
    assert component_accuracy(true[rows], start.outcome) > 0.99


def trained_rows(dataset):
    order = np.random.default_rng([TRAINING.seed, 1]).permutation(len(dataset))
    return np.sort(order[TRAINING.n_held_out(len(dataset)) :])


def test_a_vacant_component_lies_where_effects_add_up_to(lacking):
    whole, *_ = lacking
    model, start = whole.trainer.model, whole.trainer.start
    samples: Samples = whole.trainer.some(whole.trainer.train_rows)
    placed = components_at(model, samples, start.outcome).mean
    (vacant,) = np.setdiff1d(np.arange(8), start.outcome)
    assert torch.isfinite(placed).all()
    table = outcome_table(STATES)
    latent = encode(model, samples).joint.mean.numpy()
    taken = np.delete(np.arange(8), vacant)
    centres = np.stack([latent[start.outcome == c].mean(0) for c in taken])
    signs = np.column_stack([np.ones(8), 2 * (table != table[vacant]) - 1])
    effects = np.linalg.lstsq(signs[taken], centres)[0]
    np.testing.assert_allclose(placed[vacant].numpy(), signs[vacant] @ effects, atol=1e-4)


def clear_start(cell):
    states = (2, 2, 2)
    return Start(states, cell, "grown", (1.0,) * 3, ((),) * 3, 0.0, (), 0.02)


def test_a_piece_of_a_group_is_told_from_a_group_however_small(rng):
    cell = np.repeat(np.arange(8), [300, 200, 100, 100, 100, 100, 80, 20])
    latents = 8.0 * outcome_table(STATES)[cell] + rng.normal(size=(1000, 3))
    assert not may_be_broken(latents, clear_start(cell))
    broken = np.where(cell == 7, 6, cell)
    far = np.argsort(latents[:, 0] - 100 * (broken == 0))[:12]
    broken[far] = 7
    assert may_be_broken(latents, clear_start(broken))


def judged(n_groups, entropy, nonadditive):
    cell, states = np.arange(n_groups), (3, 2, 2)
    return Start(states, cell, "grown", (1.0,) * 3, ((),) * 3, entropy, (), nonadditive)


@pytest.mark.parametrize(
    ("whole", "fewer"),
    [
        pytest.param((0.0051, 0.0698), (0.0045, 0.0228), id="adds up far better"),
        pytest.param((0.0331, 0.0150), (0.0025, 0.0178), id="hardly any overlap is left"),
        pytest.param((0.0136, 0.0776), (0.0004, 0.0783), id="hardly any, nearly as additive"),
        pytest.param((0.0012, 0.0507), (0.0001, 0.0198), id="all is clear, but adds up badly"),
    ],
)
def test_fewer_groups_are_taken_where_a_combination_is_missing(whole, fewer):
    assert is_truer(judged(11, *fewer), judged(12, *whole))


@pytest.mark.parametrize(
    ("whole", "fewer"),
    [
        pytest.param((0.0027, 0.0268), (0.0025, 0.0236), id="a little clearer"),
        pytest.param((0.0003, 0.0360), (0.0004, 0.0216), id="more undecided"),
        pytest.param((0.0001, 0.0219), (0.00001, 0.0198), id="all is clear"),
        pytest.param((0.0006, 0.0300), (0.0005, 0.0222), id="all is clear, adds up as well"),
        pytest.param((0.0132, 0.0040), (0.0060, 0.0099), id="half of the overlap is left"),
        pytest.param((0.0155, 0.0207), (0.0147, 0.0083), id="groups overlap by nature"),
    ],
)
def test_fewer_groups_are_refused_where_every_combination_occurs(whole, fewer):
    assert not is_truer(judged(11, *fewer), judged(12, *whole))

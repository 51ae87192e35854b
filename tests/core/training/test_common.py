"""Nodes whose states overlap, where the truth is known: found where two modalities show them."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from causalpima_core.config import ModelConfig, TrainingConfig
from causalpima_core.data.multimodal import of_arrays
from causalpima_core.runs.records import NoteRecord
from causalpima_core.training.common import (
    common_directions,
    common_nodes,
    correlation_by_chance,
    divide,
    shown_by_two,
)
from causalpima_core.training.findings import conclude
from causalpima_core.training.loop import Trainer
from causalpima_core.training.pursuit import View
from causalpima_core.training.ranking import mutual_information
from tests.core.training.conftest import CPU

N = 2000


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(4)


def sketch(name: str, values: NDArray, rng: np.random.Generator, observed: float = 1.0) -> View:
    """Values among nine columns of noise, turned, as a modality that some samples have."""
    noisy = np.hstack([values, rng.normal(size=(len(values), 9))])
    turned = noisy @ np.linalg.qr(rng.normal(size=(noisy.shape[1],) * 2))[0]
    seen = rng.random(len(values)) < observed
    return View(name, np.where(seen[:, None], turned, 0.0), np.zeros_like(turned), seen)


def overlapping(rng: np.random.Generator, gap: float = 1.8) -> tuple[NDArray, NDArray, NDArray]:
    """A cause, its effect (four in five follow), and where samples of the effect's states lie."""
    cause = rng.integers(0, 2, N)
    effect = np.where(rng.random(N) < 0.8, cause, 1 - cause)
    return cause, effect, gap * effect + rng.normal(size=N)


@pytest.mark.parametrize("observed", [1.0, 0.8])
def test_an_overlapping_node_is_found_where_two_modalities_show_it(rng, observed):
    cause, effect, along = overlapping(rng)
    views = [
        sketch(
            name, np.column_stack([3.0 * cause, along + 0.1 * rng.normal(size=N)]), rng, observed
        )
        for name in ("curve", "table")
    ]
    noise = rng.integers(0, 2, N)
    everywhere = np.column_stack([cause, along]) + 0.1 * rng.normal(size=(N, 2))
    nodes = np.column_stack([cause, noise])
    (found,) = common_nodes(nodes, (2, 2), (0.001, 0.02), views, everywhere)
    assert (found.place, found.shown_by) == (1, "curve and table")
    # 82% of the samples can be told at best by where they lie alone: 0.31 of the information
    assert mutual_information(found.state, effect) > 0.3
    right = max((found.state == effect).mean(), (found.state != effect).mean())
    assert right > 0.8


def test_what_one_modality_shows_stays_and_noise_is_no_common_node(rng):
    cause, effect, along = overlapping(rng)
    views = [sketch("curve", along[:, None], rng), sketch("table", 3.0 * cause[:, None], rng)]
    nodes = np.column_stack([cause, effect])
    assert common_nodes(nodes, (2, 2), (0.0, 0.4), views, along[:, None]) == []
    assert list(common_directions(views, np.zeros(N, dtype=np.int64))) == []
    assert shown_by_two(effect, cause, views) < 0.02


def test_a_node_that_two_show_as_well_is_not_replaced(rng):
    cause, _, along = overlapping(rng)
    views = [sketch(name, along[:, None], rng) for name in ("curve", "table")]
    assert shown_by_two((along > 0.9).astype(np.int64), cause, views) > 0.5
    nodes = np.column_stack([cause, (along > 0.9).astype(np.int64)])
    assert common_nodes(nodes, (2, 2), (0.0, 0.4), views, along[:, None]) == []


def test_few_samples_have_no_directions_in_common(rng):
    _, _, along = overlapping(rng)
    views = [sketch(name, along[:, None], rng, observed=0.4) for name in ("curve", "table")]
    everyone = np.zeros(N, dtype=np.int64)
    assert list(common_directions(views, everyone)) == []
    assert list(common_directions(views[:1], everyone)) == []
    assert shown_by_two(everyone, everyone, views[:1]) == 0.0


@pytest.mark.parametrize(("p", "q", "n"), [(10, 10, 500), (32, 20, 1000), (40, 3, 400)])
def test_noise_has_no_larger_correlations_than_said(rng, p, q, n):
    largest = [
        np.linalg.svd(first.T @ second, compute_uv=False)[0]
        for first, second in (
            [np.linalg.qr(rng.normal(size=(n, width)))[0] for width in (p, q)] for _ in range(20)
        )
    ]
    edge = correlation_by_chance(p, q, n)  # reached from below as p and q grow
    assert edge - 0.04 < np.mean(largest) < edge
    assert correlation_by_chance(p, q, p + q) == 1.0


def test_shares_are_told_from_their_mirror_images_by_what_the_other_nodes_add(rng):
    """A collider: in the cells, 5, 50, 50 and 95% of the samples are in the upper state."""
    others = rng.integers(0, 2, (N, 2))
    upper = (rng.random(N) < np.array([0.05, 0.5, 0.95])[others.sum(1)]).astype(np.int64)
    along = 2.0 * upper + others @ [0.7, -0.4] + rng.normal(size=N)
    state, likelihood = divide((along - along.mean()) / along.std(), others, 2)
    assert mutual_information(state, upper) > 0.4
    shares = [state[(others == pair).all(1)].mean() for pair in ([0, 0], [0, 1], [1, 0], [1, 1])]
    np.testing.assert_allclose(shares, [0.05, 0.5, 0.5, 0.95], atol=0.12)
    entropy_of_a_gaussian = 0.5 * np.log(2 * np.pi * np.e)
    assert likelihood > -entropy_of_a_gaussian


def test_three_states_are_told_apart(rng):
    state = rng.choice(3, N, p=[0.2, 0.5, 0.3])
    along = 4.0 * state + rng.normal(size=N)
    found, _ = divide((along - along.mean()) / along.std(), np.zeros((N, 0), dtype=np.int64), 3)
    assert mutual_information(found, state) > 0.85


@pytest.mark.slow
def test_a_run_keeps_such_a_node_and_calls_it_weak(rng):
    cause, effect, along = overlapping(rng)
    t = np.linspace(0, 1, 24)
    curve = np.where(cause[:, None], np.sin(6 * t), t) + 0.05 * along[:, None]
    table = np.column_stack([2.0 * cause, along, rng.normal(size=N)])
    arrays = {
        "curve": curve + 0.02 * rng.normal(size=curve.shape),
        "table": table + 0.1 * rng.normal(size=table.shape),
    }
    dataset = of_arrays(arrays)
    config = TrainingConfig.of_preset("quick", seed=1, warm_up_steps=80, joint_steps=40)
    trainer = Trainer(dataset, ModelConfig.parse(states=(2, 2), latent_dim=4), config, CPU)
    notes = [record.text for record in trainer.run() if isinstance(record, NoteRecord)]
    assert any("from what curve and table have in common" in note for note in notes)
    findings = conclude(trainer, dataset)
    shares = findings.assignments[["node_1", "node_2"]].to_numpy().T
    own = [max(mutual_information(factor, node) for node in shares) for factor in (cause, effect)]
    assert own[0] > 0.95
    assert own[1] > 0.3
    assert any("weakly separated" in text for text in findings.summary.warnings)
    assert len(findings.graph.edges) == 1

import numpy as np
import pytest
import torch

from causalpima_core.config import ModelConfig, TrainingConfig
from causalpima_core.data.examples import GRAPHS, make_truth
from causalpima_core.equivalence import equivalence_class, structural_hamming_distance
from causalpima_core.graph_scores import bic_scores
from causalpima_core.graph_search import best_graph
from causalpima_core.model import CausalPima
from causalpima_core.scaling import ModalitySpec
from causalpima_core.training.graph_ascent import ascend
from causalpima_core.training.hardening import harden
from causalpima_core.training.schedules import temperature
from tests.core.training.conftest import two_cause_data

FREE = ~np.eye(3, dtype=bool)
NONE = np.zeros((3, 3), dtype=bool)


def learned_edges(counts, states):
    """Flow-DAG learned by gradient on counts alone, as joint training does it."""
    config = TrainingConfig()
    model = CausalPima(
        ModelConfig.parse(states=states),
        tuple(ModalitySpec.of(m) for m in two_cause_data(n=10)[0].modalities),
        config.graph_restarts,
        torch.Generator().manual_seed(0),
    )
    parameters = [*model.dag.parameters(), *model.tables.parameters()]
    optimiser = torch.optim.Adam(parameters, lr=config.graph_learning_rate)
    totals = torch.from_numpy(counts.ravel())
    for epoch in range(25):
        tau = temperature(epoch / 25, config.temperature_start, config.temperature_end)
        ascend(model, optimiser, totals, tau, config.graph_steps, config.description_length)
    with torch.no_grad():
        return model.dag(config.temperature_end).numpy()


@pytest.mark.parametrize(
    ("example", "graph"), [*(("circles", g) for g in GRAPHS), ("coloured-digits", "collider")]
)
def test_the_flow_hardens_to_the_graph_of_the_exact_search_and_of_the_truth(example, graph):
    truth, _ = make_truth(example, 2000, 0, graph)
    counts = np.zeros(truth.states)
    np.add.at(counts, tuple(truth.outcomes.T), 1)
    decided = harden(counts, learned_edges(counts, truth.states), FREE, NONE, NONE)
    assert decided.score_gap == 0.0
    exact, _ = best_graph(bic_scores(counts))
    for other in (exact, truth.adjacency):
        distance = structural_hamming_distance(decided.equivalence, equivalence_class(other))
        assert distance == 0


def test_where_the_flow_missed_the_best_graph_the_best_is_decided_and_the_gap_told():
    truth, _ = make_truth("circles", 2000, 0, "complete")
    counts = np.zeros(truth.states)
    np.add.at(counts, tuple(truth.outcomes.T), 1)
    decided = harden(counts, np.zeros((1, 3, 3)), FREE, NONE, NONE)
    assert decided.score_gap > 10
    truth_class = equivalence_class(truth.adjacency)
    assert structural_hamming_distance(decided.equivalence, truth_class) == 0


def test_of_equally_good_restarts_the_preferred_one_counts():
    truth, _ = make_truth("circles", 2000, 0, "chain")
    counts = np.zeros(truth.states)
    np.add.at(counts, tuple(truth.outcomes.T), 1)
    chain = truth.adjacency.astype(float)
    decided = harden(counts, np.stack([chain, chain.T]), FREE, NONE, NONE)
    np.testing.assert_array_equal(decided.adjacency, truth.adjacency)
    np.testing.assert_array_equal(decided.weights, chain)


def test_two_nats_count_as_much_in_a_million_samples_as_in_a_thousand():
    def of(gap):
        return np.array([[500_000 + gap, 500_000 - gap], [500_000 - gap, 500_000 + gap]])

    free = ~np.eye(2, dtype=bool)
    none = np.zeros((2, 2), dtype=bool)
    decided = harden(of(1800.0), np.zeros((1, 2, 2)), free, none, none)
    assert decided.adjacency.sum() == 1
    # half of the likelihood-ratio statistic, less half of log n for one parameter more
    evidence = 2 * 1_000_000 * (1800 / 500_000) ** 2 / 2
    assert decided.score_gap == pytest.approx(evidence - np.log(2e6) / 2, rel=1e-3)

import itertools

import numpy as np
import pytest
import torch

from causalpima_core.config import Knowledge
from causalpima_core.dag import FlowDag
from causalpima_core.outcomes import (
    ConditionalTables,
    description_length,
    fit_tables,
    gate,
    intervene,
    node_posteriors,
    outcome_table,
)

CHAIN = np.array([[0, 1, 0], [0, 0, 1], [0, 0, 0]], dtype=bool)


def random_tables(states, restarts=8, seed=0):
    tables = ConditionalTables(states, restarts).double()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        noise = torch.randn(tables.logits.shape, generator=generator, dtype=torch.float64)
        tables.logits.copy_(3 * noise)
    return tables


@pytest.mark.parametrize("temperature", [1e-4, 0.1, 1.0, 100.0])
@pytest.mark.parametrize("states", [(2,), (2, 3), (3, 2, 2), (2, 2, 2, 2)])
def test_the_joint_sums_to_one_at_every_temperature(states, temperature):
    flow = FlowDag(len(states), Knowledge(), 8, torch.Generator().manual_seed(1)).double()
    joint = random_tables(states).joint(flow(temperature))
    torch.testing.assert_close(joint.exp().sum(1), torch.ones(8, dtype=torch.float64))


def test_without_an_edge_a_table_does_not_depend_on_that_node():
    edges = torch.zeros(8, 3, 3, dtype=torch.float64)
    edges[:, 0, 2] = 1.0
    conditionals = random_tables((2, 3, 2))(edges).exp()
    node_3 = conditionals[:, 2]
    torch.testing.assert_close(node_3[:, :, :1].expand_as(node_3), node_3)
    assert (node_3[:, 0] - node_3[:, 1]).abs().max() > 0.1


def test_a_whole_edge_leaves_the_table_as_it_is():
    logits = torch.randn(1, 2, 2, 2)
    edges = torch.ones(1, 2, 2)
    torch.testing.assert_close(gate(logits, edges), logits)


def test_half_an_edge_interpolates_linearly():
    logits = torch.tensor([[[[1.0, 5.0]], [[0.0, 0.0]]]]).reshape(1, 2, 1, 2)
    edges = torch.zeros(1, 2, 2)
    edges[0, 1, 0] = 0.5
    torch.testing.assert_close(gate(logits, edges)[0, 0, 0], torch.tensor([2.0, 4.0]))


def test_description_length_of_a_hard_graph_is_the_penalty_of_bic():
    edges = torch.from_numpy(CHAIN[None]).double()
    length = description_length(edges, (2, 3, 4), 1000)
    free = 1 + 2 * 2 + 3 * 3
    assert length.item() == pytest.approx(0.5 * np.log(1000) * free / 1000)


def test_closed_form_tables_are_relative_frequencies():
    counts = np.arange(1.0, 13).reshape(2, 3, 2)
    tables = fit_tables(counts, CHAIN, smoothing=0.0).exp().numpy()
    pair = counts.sum(0)
    np.testing.assert_allclose(tables[2][0], pair / pair.sum(1, keepdims=True))
    np.testing.assert_allclose(tables[0][:, 0, 0], counts.sum((1, 2)) / counts.sum())


def test_closed_form_tables_maximise_the_likelihood_of_gradient_ascent():
    counts = np.random.default_rng(0).integers(1, 100, (2, 2, 2)).astype(float)
    best = (fit_tables(counts, CHAIN, smoothing=0.0).sum(0).numpy() * counts).sum()
    tables = random_tables((2, 2, 2), restarts=1)
    edges = torch.from_numpy(CHAIN[None]).double()
    optimiser = torch.optim.LBFGS(tables.parameters(), max_iter=200, line_search_fn="strong_wolfe")
    weights = torch.from_numpy(counts.ravel())

    def loss():
        optimiser.zero_grad()
        value = -(tables.joint(edges)[0] * weights).sum()
        value.backward()
        return value

    optimiser.step(loss)
    assert -loss().item() == pytest.approx(best, rel=1e-6)


def test_node_posteriors_are_marginals():
    gamma = np.random.default_rng(0).dirichlet(np.ones(12), 5)
    posteriors = node_posteriors(gamma, (2, 3, 2))
    table = outcome_table((2, 3, 2))
    for j, posterior in enumerate(posteriors):
        for state in range(posterior.shape[1]):
            np.testing.assert_allclose(posterior[:, state], gamma[:, table[:, j] == state].sum(1))


def brute_force_do(tables, adjacency, settings):
    """Truncated factorisation, outcome by outcome."""
    probabilities = []
    for outcome in itertools.product(*map(range, tables.shape[1:])):
        p = 1.0
        for j, state in enumerate(outcome):
            if j in settings:
                p *= float(state == settings[j])
            else:
                p *= tables[j][outcome]
        probabilities.append(p)
    return np.array(probabilities)


def test_do_is_the_truncated_factorisation():
    counts = np.random.default_rng(1).integers(1, 50, (2, 3, 2)).astype(float)
    tables = fit_tables(counts, CHAIN)
    done = intervene(tables, {1: 2}).exp().numpy()
    np.testing.assert_allclose(done, brute_force_do(tables.exp().numpy(), CHAIN, {1: 2}))
    assert done.sum() == pytest.approx(1.0)
    causes = done.reshape(2, 3, 2).sum((1, 2))
    np.testing.assert_allclose(causes, tables[0].exp().numpy()[:, 0, 0])

import math

import pytest
import torch
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

from causalpima_core.dag import FlowDag
from causalpima_core.elbo import (
    elbo_terms,
    gaussian_log_likelihood,
    optimal_noise_variance,
    start_likelihood,
)
from causalpima_core.gaussians import DiagonalGaussian
from causalpima_core.outcomes import ConditionalTables
from causalpima_core.prior import GaussianComponents

STATES = (2, 3)


def problem(dtype=torch.float64, batch=4, latent=2, seed=0):
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape):
        return torch.randn(*shape, generator=generator, dtype=dtype)

    q = DiagonalGaussian(normal(batch, latent), normal(batch, latent) - 1)
    components = GaussianComponents(normal(6, latent), normal(6, latent).exp())
    return q, components, normal(6).log_softmax(0)


def test_every_term_is_that_of_torch_distributions():
    q, components, log_outcomes = problem()
    terms = elbo_terms({}, q, components, log_outcomes)
    gamma = Categorical(probs=terms.responsibilities)
    posterior = Independent(Normal(q.mean, q.variance.sqrt()), 1)
    torch.testing.assert_close(terms.latent_entropy, posterior.entropy())
    torch.testing.assert_close(terms.outcome_entropy, gamma.entropy())
    torch.testing.assert_close(terms.outcome_prior, gamma.probs @ log_outcomes)
    prior = Normal(components.mean, components.covariance.sqrt())
    moments = prior.log_prob(q.mean[:, None]).sum(-1)
    moments = moments - 0.5 * (q.variance[:, None] / components.covariance).sum(-1)
    torch.testing.assert_close(terms.latent_prior, (gamma.probs * moments).sum(-1))


def test_the_responsibilities_maximise_the_elbo():
    q, components, log_outcomes = problem()
    best = elbo_terms({}, q, components, log_outcomes)
    density = components.expected_log_density(q)
    for seed in range(50):
        generator = torch.Generator().manual_seed(seed)
        tilt = torch.randn(density.shape, generator=generator, dtype=density.dtype)
        gamma = (best.responsibilities.log() + 0.5 * tilt).softmax(-1)
        other = (gamma * (density + log_outcomes - gamma.log())).sum(-1) + q.entropy()
        assert (other <= best.total() + 1e-12).all()


def test_the_elbo_is_below_the_evidence_and_touches_it_for_a_linear_model():
    """X = Z + noise, one component: q at the exact posterior makes the bound an equality."""
    prior = GaussianComponents(torch.zeros(1, 1).double(), torch.ones(1, 1).double())
    x, noise = torch.tensor([[0.7]]).double(), torch.tensor(0.5).double()
    evidence = Normal(0.0, math.sqrt(1.5)).log_prob(x).sum()

    def bound(mean, variance):
        q = DiagonalGaussian(mean * torch.ones_like(x), variance.log() * torch.ones_like(x))
        expected_square = (x - q.mean).square() + q.variance
        likelihood = -0.5 * (torch.log(2 * torch.pi * noise) + expected_square / noise)
        terms = elbo_terms({"x": likelihood.sum(1)}, q, prior, torch.zeros(1).double())
        return terms.total().sum()

    exact = bound(x / 1.5, torch.tensor(0.5 / 1.5).double())
    torch.testing.assert_close(exact, evidence)
    assert bound(x / 2, torch.tensor(0.4).double()) < evidence


def test_the_mixture_part_is_a_bound_on_the_mixture_density_of_torch():
    q, components, log_outcomes = problem()
    narrow = DiagonalGaussian(q.mean, torch.full_like(q.mean, -40.0))
    terms = elbo_terms({}, narrow, components, log_outcomes)
    mixture = MixtureSameFamily(
        Categorical(logits=log_outcomes),
        Independent(Normal(components.mean, components.covariance.sqrt()), 1),
    )
    density = terms.latent_prior + terms.outcome_prior + terms.outcome_entropy
    torch.testing.assert_close(density, mixture.log_prob(q.mean))


def test_gaussian_likelihood_is_that_of_torch_and_zero_where_missing():
    values, decoded = torch.randn(3, 2, 4).double(), torch.randn(3, 2, 4).double()
    variance = torch.tensor(0.3).double()
    observed = torch.tensor([True, False, True])
    got = gaussian_log_likelihood(values, decoded, variance, observed)
    expected = Normal(decoded, variance.sqrt()).log_prob(values).sum((1, 2))
    torch.testing.assert_close(got, torch.where(observed, expected, 0.0))


def test_the_optimal_noise_variance_maximises_the_likelihood():
    values, decoded = torch.randn(50, 6).double(), torch.randn(50, 6).double()
    observed = torch.rand(50, generator=torch.Generator().manual_seed(0)) < 0.7
    best = optimal_noise_variance(values, decoded, observed)
    likelihood = [
        gaussian_log_likelihood(values, decoded, best * factor, observed).sum().item()
        for factor in (0.9, 1.0, 1.1)
    ]
    assert likelihood[1] > max(likelihood[0], likelihood[2])


@pytest.mark.filterwarnings("ignore:.*non-deterministic.*")
def test_the_gradient_reaches_graph_and_tables_through_the_whole_elbo():
    q, components, _ = problem()
    flow = FlowDag(2, None, 1, torch.Generator().manual_seed(0)).double()
    tables = ConditionalTables(STATES, 1, torch.Generator().manual_seed(1)).double()

    def total(potentials, metric, logits):
        edges = torch.func.functional_call(
            flow, {"potentials": potentials, "metric": metric}, (0.8,)
        )
        joint = torch.func.functional_call(tables, {"logits": logits}, (edges,)).sum(1).flatten(1)
        return elbo_terms({}, q, components, joint[0]).total()

    inputs = tuple(
        p.detach().clone().requires_grad_() for p in (flow.potentials, flow.metric, tables.logits)
    )
    assert torch.autograd.gradcheck(total, inputs)
    gradients = torch.autograd.grad(total(*inputs).sum(), inputs)
    assert all(g.abs().max() > 1e-6 for g in gradients)


def test_the_gradient_reaches_encodings_too():
    q, components, log_outcomes = problem()
    mean, log_variance = (t.clone().requires_grad_() for t in (q.mean, q.log_variance))

    def total(mean, log_variance):
        posterior = DiagonalGaussian(mean, log_variance)
        return elbo_terms({}, posterior, components, log_outcomes).total()

    assert torch.autograd.gradcheck(total, (mean, log_variance))


def test_a_responsibility_of_zero_costs_no_nan():
    q, components, log_outcomes = problem(torch.float32)
    far = GaussianComponents(components.mean * 1e6, components.covariance * 1e-6)
    terms = elbo_terms({}, q, far, log_outcomes)
    assert torch.isfinite(terms.total()).all()


def test_an_expert_takes_part_in_the_responsibilities_and_in_the_bound():
    """At the optimum the bound is the evidence of outcomes: a log-sum-exp over them."""
    q, components, log_outcomes = problem()
    generator = torch.Generator().manual_seed(1)
    experts = {
        name: 5 * torch.randn(4, 6, generator=generator, dtype=torch.float64)
        for name in ("stress", "strain")
    }
    terms = elbo_terms({}, q, components, log_outcomes, experts)
    joint = log_outcomes + components.expected_log_density(q) + sum(experts.values())
    torch.testing.assert_close(terms.total(), joint.logsumexp(-1) + q.entropy())
    torch.testing.assert_close(terms.responsibilities, joint.softmax(-1))
    assert {"expert.stress", "expert.strain"} < set(terms.named())


def test_the_start_bears_on_the_outcomes_as_a_label_with_errors_would():
    q, components, log_outcomes = problem()
    start = start_likelihood(torch.tensor([0, 5, 2, 2]), 6, 0.1).double()
    torch.testing.assert_close(start.exp().sum(-1), torch.ones(4).double())
    torch.testing.assert_close(start.exp()[1], torch.tensor([0.02] * 5 + [0.9]).double())
    terms = elbo_terms({}, q, components, log_outcomes, start=start)
    joint = log_outcomes + components.expected_log_density(q) + start
    torch.testing.assert_close(terms.total(), joint.logsumexp(-1) + q.entropy())
    torch.testing.assert_close(terms.responsibilities, joint.softmax(-1))
    assert "start" in terms.named()
    assert "start" not in elbo_terms({}, q, components, log_outcomes).named()


def test_a_start_that_errs_as_often_as_chance_has_no_say():
    q, components, log_outcomes = problem()
    start = start_likelihood(torch.tensor([0, 5, 2, 2]), 6, 5 / 6).double()
    with_it = elbo_terms({}, q, components, log_outcomes, start=start)
    without = elbo_terms({}, q, components, log_outcomes)
    torch.testing.assert_close(with_it.responsibilities, without.responsibilities)

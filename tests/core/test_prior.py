import numpy as np
import pytest
import torch
from torch.distributions import MultivariateNormal

from causalpima_core.gaussians import DiagonalGaussian
from causalpima_core.prior import (
    GaussianComponents,
    SufficientStatistics,
    log_responsibilities,
)


def random_problem(full, seed=0, n=200, latent=3, components=4):
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    q = DiagonalGaussian(3 * normal(n, latent), normal(n, latent) - 1)
    factor = normal(components, latent, latent)
    covariance = factor @ factor.mT + 0.5 * torch.eye(latent, dtype=torch.float64)
    if not full:
        covariance = covariance.diagonal(dim1=-2, dim2=-1)
    prior = GaussianComponents(3 * normal(components, latent), covariance)
    return q, prior, normal(components).log_softmax(0)


@pytest.mark.parametrize("full", [False, True])
def test_expected_log_density_is_that_of_monte_carlo(full):
    q, prior, _ = random_problem(full, n=3)
    exact = prior.expected_log_density(q)
    many = DiagonalGaussian(
        q.mean.repeat_interleave(100_000, 0), q.log_variance.repeat_interleave(100_000, 0)
    )
    z = many.sample(torch.Generator().manual_seed(1))
    density = MultivariateNormal(prior.mean, prior.full_covariance()).log_prob(z[:, None])
    sampled = density.reshape(3, 100_000, -1)
    error = sampled.std(1) / np.sqrt(100_000)
    assert ((sampled.mean(1) - exact).abs() < 5 * error).all()


def test_diagonal_and_full_agree_where_the_covariance_is_diagonal():
    q, prior, _ = random_problem(full=False)
    full = GaussianComponents(prior.mean, prior.full_covariance())
    torch.testing.assert_close(prior.expected_log_density(q), full.expected_log_density(q))


def test_responsibilities_sum_to_one_where_every_density_underflows():
    q, prior, log_outcomes = random_problem(full=False)
    far = DiagonalGaussian((q.mean + 1e4).float(), q.log_variance.float())
    components = GaussianComponents(prior.mean.float(), prior.covariance.float())
    gamma = log_responsibilities(log_outcomes.float(), components.expected_log_density(far)).exp()
    torch.testing.assert_close(gamma.sum(1), torch.ones(len(gamma)))


def bound(q, prior, log_outcomes, log_gamma):
    gamma = log_gamma.exp()
    return (gamma * (prior.expected_log_density(q) + log_outcomes - log_gamma)).sum().item()


@pytest.mark.parametrize("full", [False, True])
def test_neither_step_of_em_lowers_the_elbo(full):
    q, prior, log_outcomes = random_problem(full)
    log_gamma = log_responsibilities(log_outcomes, prior.expected_log_density(q))
    last = bound(q, prior, log_outcomes, log_gamma)
    for _ in range(30):
        statistics = SufficientStatistics(4, 3)
        statistics.add(q, log_gamma.exp())
        prior = statistics.maximise(prior, floor=0.0)
        log_outcomes = (statistics.weight / statistics.weight.sum()).log()
        after_m = bound(q, prior, log_outcomes, log_gamma)
        log_gamma = log_responsibilities(log_outcomes, prior.expected_log_density(q))
        after_e = bound(q, prior, log_outcomes, log_gamma)
        assert after_m >= last - 1e-8
        assert after_e >= after_m - 1e-8
        last = after_e


def test_statistics_gathered_by_batch_are_those_of_the_whole():
    q, prior, log_outcomes = random_problem(full=True)
    gamma = log_responsibilities(log_outcomes, prior.expected_log_density(q)).exp()
    whole, pieces = SufficientStatistics(4, 3), SufficientStatistics(4, 3)
    whole.add(q, gamma)
    for rows in torch.arange(200).split(64):
        pieces.add(DiagonalGaussian(q.mean[rows], q.log_variance[rows]), gamma[rows])
    torch.testing.assert_close(whole.maximise(prior).mean, pieces.maximise(prior).mean)
    torch.testing.assert_close(whole.maximise(prior).covariance, pieces.maximise(prior).covariance)


def test_a_component_without_samples_keeps_its_mean_and_takes_the_pooled_spread():
    q, prior, _ = random_problem(full=False)
    statistics = SufficientStatistics(4, 3)
    gamma = torch.zeros(200, 4, dtype=torch.float64)
    gamma[:, 0] = 1
    statistics.add(q, gamma)
    after = statistics.maximise(prior, shrinkage=2.0)
    torch.testing.assert_close(after.mean[1:], prior.mean[1:])
    torch.testing.assert_close(after.covariance[1], after.covariance[0])

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from causalpima_core.scores import component_accuracy
from causalpima_core.training.additive import fit_additive, single_likelihood

EFFECT = np.array([3.0, -1.0, 0.0])


def cells_with_a_node(n=1500, seed=0):
    """Three cells with other shares of a binary node, which moves all by the same amount."""
    rng = np.random.default_rng(seed)
    cell = rng.integers(0, 3, n)
    state = (rng.random(n) < np.array([0.1, 0.5, 0.85])[cell]).astype(int)
    noise = rng.normal(size=(n, 3)) @ np.array([[1.0, 0.6, 0], [0, 0.7, 0], [0, 0, 0.3]])
    latents = state[:, None] * EFFECT + noise
    centred = latents - np.stack([latents[cell == c].mean(0) for c in range(3)])[cell]
    return centred, cell, state


def random_shares(n, starts=8, n_states=2, seed=1):
    return np.random.default_rng(seed).dirichlet(np.ones(n_states), (starts, n)).swapaxes(1, 2)


def test_a_node_with_other_shares_in_every_cell_is_found():
    latents, cell, state = cells_with_a_node()
    direction = np.eye(2)[(latents[:, 0] > 0).astype(int)].T[None]
    fitted = fit_additive(latents, cell, direction, 60)
    found = fitted.state(0, latents, cell)
    np.testing.assert_array_equal(found, fitted.share[0].argmax(0))
    assert component_accuracy(state, found) > 0.97
    shares = [found[cell == c].mean() for c in range(3)]
    truth = [state[cell == c].mean() for c in range(3)]
    assert shares == pytest.approx(truth, abs=0.03) or shares == pytest.approx(
        [1 - share for share in truth], abs=0.03
    )


def test_every_step_raises_the_likelihood():
    latents, cell, _ = cells_with_a_node(n=400)
    shares = random_shares(len(latents))
    likelihoods = [fit_additive(latents, cell, shares, steps).likelihood for steps in range(2, 30)]
    assert (np.diff(likelihoods, axis=0) > -1e-4).all()


def test_starts_side_by_side_end_where_each_ends_alone():
    latents, cell, _ = cells_with_a_node(n=300)
    shares = random_shares(len(latents), n_states=3)
    together = fit_additive(latents, cell, shares, 12)
    alone = [fit_additive(latents, cell, shares[[i]], 12).likelihood[0] for i in range(8)]
    assert together.likelihood == pytest.approx(alone)


def test_the_likelihood_is_that_of_the_mixture(rng):
    latents, cell, _ = cells_with_a_node(n=500)
    shares = random_shares(len(latents), starts=1)
    before = fit_additive(latents, cell, shares, 9)
    after = fit_additive(latents, cell, shares, 10)
    # The parameters of the tenth step, by weighted least squares on the ninth's shares.
    share = before.share[0]
    design = np.eye(3)[cell]
    rows = np.concatenate([np.column_stack([design, np.full(len(cell), k)]) for k in (0.0, 1.0)])
    weight = np.sqrt(share.reshape(-1, 1))
    fit, *_ = np.linalg.lstsq(weight * rows, weight * np.tile(latents, (2, 1)))
    left = weight * (np.tile(latents, (2, 1)) - rows @ fit)
    covariance = left.T @ left / len(latents)
    density = 0.0
    for k in (0, 1):
        in_cell = share[k] @ design
        prior = (in_cell + 0.5) / (design.sum(0) + 1)
        mean = fit[:3] + k * fit[3]
        each = [multivariate_normal(mean[c], covariance).pdf(latents) for c in range(3)]
        density += prior[cell] * np.stack(each)[cell, np.arange(len(cell))]
    assert after.likelihood[0] == pytest.approx(np.log(density).mean(), abs=1e-4)


def test_one_gaussian_has_its_own_likelihood(rng):
    latents = rng.normal(size=(400, 2)) @ [[2.0, 0.3], [0.0, 0.5]]
    latents -= latents.mean(0)
    gaussian = multivariate_normal(np.zeros(2), latents.T @ latents / 400)
    expected = gaussian.logpdf(latents).mean()
    assert single_likelihood(latents) == pytest.approx(expected, abs=1e-5)

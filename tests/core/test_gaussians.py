import itertools

import pytest
import torch
from torch.distributions import Independent, Normal

from causalpima_core.gaussians import DiagonalGaussian, product_of_experts


def random_gaussian(batch=5, latent=3, seed=0, spread=1.0):
    generator = torch.Generator().manual_seed(seed)
    mean = torch.randn(batch, latent, generator=generator, dtype=torch.float64)
    log_variance = spread * torch.randn(batch, latent, generator=generator, dtype=torch.float64)
    return DiagonalGaussian(mean, log_variance)


def reference(q):
    return Independent(Normal(q.mean, q.variance.sqrt()), 1)


def test_entropy_and_density_are_those_of_torch():
    q = random_gaussian()
    z = torch.randn(5, 3, dtype=torch.float64)
    torch.testing.assert_close(q.entropy(), reference(q).entropy())
    torch.testing.assert_close(q.log_density(z), reference(q).log_prob(z))


def test_samples_have_the_mean_and_variance():
    q = DiagonalGaussian(torch.full((100_000, 1), 2.0), torch.full((100_000, 1), -1.0))
    z = q.sample(torch.Generator().manual_seed(0))
    assert z.mean().item() == pytest.approx(2.0, abs=0.01)
    assert z.var().item() == pytest.approx(2.718281828**-1, rel=0.02)


@pytest.mark.parametrize("pattern", [p for p in itertools.product([0, 1], repeat=3) if any(p)])
def test_product_is_proportional_to_the_product_of_densities(pattern):
    experts = [random_gaussian(batch=1, seed=s) for s in range(3)]
    observed = torch.tensor([pattern], dtype=torch.bool)
    product = product_of_experts(experts, observed)
    points = torch.randn(2, 1, 3, dtype=torch.float64)
    kept = [q for q, seen in zip(experts, pattern, strict=True) if seen]
    log_ratio = [sum(q.log_density(z) for q in kept) - product.log_density(z) for z in points]
    torch.testing.assert_close(log_ratio[0], log_ratio[1])


@pytest.mark.parametrize("log_variance", [-100.0, 100.0])
def test_product_is_exact_in_single_precision_at_extreme_variances(log_variance):
    means = (torch.tensor([[1.0]]), torch.tensor([[3.0]]))
    experts = [DiagonalGaussian(m, torch.full((1, 1), log_variance)) for m in means]
    product = product_of_experts(experts, torch.ones(1, 2, dtype=torch.bool))
    assert product.mean.item() == pytest.approx(2.0)
    assert product.log_variance.item() == pytest.approx(log_variance - 0.6931471805599453)


def test_the_surer_expert_decides():
    experts = [
        DiagonalGaussian(torch.tensor([[1.0]]), torch.tensor([[-100.0]])),
        DiagonalGaussian(torch.tensor([[3.0]]), torch.tensor([[100.0]])),
    ]
    product = product_of_experts(experts, torch.ones(1, 2, dtype=torch.bool))
    assert product.mean.item() == pytest.approx(1.0)
    assert product.log_variance.item() == pytest.approx(-100.0)


def test_gradients_stay_finite_where_a_modality_is_missing():
    mean = torch.zeros(2, 1, requires_grad=True)
    log_variance = torch.full((2, 1), -100.0, requires_grad=True)
    other = DiagonalGaussian(torch.ones(2, 1), torch.zeros(2, 1))
    observed = torch.tensor([[True, True], [False, True]])
    product = product_of_experts([DiagonalGaussian(mean, log_variance), other], observed)
    (product.mean + product.log_variance).sum().backward()
    assert torch.isfinite(mean.grad).all()
    assert torch.isfinite(log_variance.grad).all()
    assert mean.grad[1].item() == 0.0


def test_a_sample_without_any_modality_is_an_error():
    experts = [random_gaussian(batch=2, latent=1)]
    with pytest.raises(ValueError, match="at least one observed modality"):
        product_of_experts(experts, torch.tensor([[True], [False]]))

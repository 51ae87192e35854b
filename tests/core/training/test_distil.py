import numpy as np
import pytest
import torch
from torch.distributions import MultivariateNormal, Normal, kl_divergence

from causalpima_core.config import ModelConfig, TrainingConfig
from causalpima_core.data.multimodal import of_arrays
from causalpima_core.errors import DataError
from causalpima_core.gaussians import DiagonalGaussian
from causalpima_core.prior import GaussianComponents
from causalpima_core.queries import predict
from causalpima_core.runs.records import EpochRecord, Stage, StageRecord
from causalpima_core.training.distil import telling
from causalpima_core.training.encoding import encode
from causalpima_core.training.epochs import responsibilities
from causalpima_core.training.findings import conclude
from causalpima_core.training.loop import Trainer
from causalpima_core.unimodal import Frames, MixturePosterior, fuse
from tests.core.training.conftest import CPU, two_cause_data


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(0)


def frames_and_covariances(generator, n_components=3, n_latent=2):
    root = torch.randn(n_components, n_latent, n_latent, generator=generator, dtype=torch.float64)
    covariance = root @ root.mT + 0.5 * torch.eye(n_latent, dtype=torch.float64)
    mean = torch.randn(n_components, n_latent, generator=generator, dtype=torch.float64)
    return Frames.of(GaussianComponents(mean, covariance)), mean, covariance


def gaussian(generator, *shape):
    draws = torch.randn(2, *shape, generator=generator, dtype=torch.float64)
    return DiagonalGaussian(draws[0], -draws[1].abs())


def test_residuals_are_coordinates_within_components(generator):
    frames, _, covariance = frames_and_covariances(generator)
    outcome = torch.tensor([0, 2, 1, 2])
    residual = torch.randn(4, 2, generator=generator, dtype=torch.float64)
    back = frames.to_residual(frames.to_latent(residual, outcome), outcome)
    torch.testing.assert_close(back, residual)
    torch.testing.assert_close(frames.factor @ frames.factor.mT, covariance)


def test_the_divergence_is_that_of_the_gaussians_themselves(generator):
    frames, mean, _ = frames_and_covariances(generator)
    outcome = torch.tensor([0, 1, 2, 1, 0])
    q, residual = gaussian(generator, 5, 2), gaussian(generator, 5, 2)
    factor = frames.factor[outcome]
    spread = factor @ torch.diag_embed(residual.variance) @ factor.mT
    there = MultivariateNormal(mean[outcome] + (factor @ residual.mean[..., None])[..., 0], spread)
    here = MultivariateNormal(q.mean, torch.diag_embed(q.variance))
    expected = kl_divergence(here, there)
    torch.testing.assert_close(frames.divergence(q, outcome, residual), expected)


def mixture(generator, n=4, n_components=3, n_latent=1):
    draws = torch.randn(2, n, n_components, n_latent, generator=generator, dtype=torch.float64)
    logits = torch.randn(n, n_components, generator=generator, dtype=torch.float64)
    return MixturePosterior(logits.log_softmax(-1), draws[0], -draws[1].abs())


def test_one_modality_alone_comes_out_of_fusion_as_it_went_in(generator):
    first, second = mixture(generator), mixture(generator)
    log_outcomes = torch.tensor([0.2, 0.3, 0.5], dtype=torch.float64).log()
    observed = torch.tensor([[True, False], [False, True]] * 2)
    fused = fuse([first, second], observed, log_outcomes)
    for name in ("log_outcome", "mean", "log_variance"):
        torch.testing.assert_close(getattr(fused, name)[::2], getattr(first, name)[::2])
        torch.testing.assert_close(getattr(fused, name)[1::2], getattr(second, name)[1::2])


def test_fusion_is_bayes_rule_as_integrated_on_a_grid(generator):
    first, second = mixture(generator, n=1), mixture(generator, n=1)
    prior = torch.tensor([0.2, 0.3, 0.5], dtype=torch.float64)
    u = torch.linspace(-12, 12, 20_001, dtype=torch.float64)

    def density(q):
        normal = Normal(q.mean[0], (0.5 * q.log_variance[0]).exp())
        return q.log_outcome[0].exp()[:, None] * normal.log_prob(u).exp()

    of_prior = prior[:, None] * Normal(0.0, 1.0).log_prob(u).exp()
    # Where the prior vanishes so do both posteriors, faster: their variances are smaller.
    joint = density(first) * density(second) / of_prior.clamp_min(1e-300)
    mass = joint.sum(1)
    fused = fuse([first, second], torch.tensor([[True, True]]), prior.log())
    torch.testing.assert_close(fused.log_outcome[0].exp(), mass / mass.sum())
    mean = (joint * u).sum(1) / mass
    torch.testing.assert_close(fused.mean[0, :, 0], mean)
    variance = (joint * u.square()).sum(1) / mass - mean.square()
    torch.testing.assert_close(fused.log_variance[0, :, 0].exp(), variance)


def test_those_measured_most_fully_teach():
    observed = np.array([[1, 1, 1], [1, 1, 1], [1, 1, 0], [1, 0, 0], [0, 1, 1]], dtype=bool)
    assert telling(observed, 0).tolist() == [True, True, False, False, False]
    alone = np.array([[1, 0], [0, 1]], dtype=bool)
    assert not telling(alone, 0).any()


@pytest.fixture(scope="module")
def taught():
    """A trainer at its end, its weights when distillation began, and the truth."""
    dataset, truth = two_cause_data(n=400)
    config = TrainingConfig.of_preset("quick", seed=1, warm_up_steps=80, joint_steps=40)
    trainer = Trainer(dataset, ModelConfig.parse(states=(2, 2), latent_dim=4), config, CPU)
    before = {}
    for record in trainer.run():
        if isinstance(record, StageRecord) and record.stage is Stage.DISTIL:
            before = {name: t.clone() for name, t in trainer.model.state_dict().items()}
    return trainer, before, truth


@pytest.mark.slow
def test_nothing_but_the_pupils_changes(taught):
    trainer, before, _ = taught
    after = trainer.model.state_dict()
    changed = {name for name, tensor in before.items() if not torch.equal(tensor, after[name])}
    assert changed
    assert all(name.startswith("unimodal.") for name in changed)


@pytest.mark.slow
def test_half_taught_pupils_are_forgotten_and_the_run_says_so():
    dataset, _ = two_cause_data(n=300)
    config = TrainingConfig.of_preset("quick", seed=1, warm_up_steps=80, joint_steps=40)
    trainer = Trainer(dataset, ModelConfig.parse(states=(2, 2), latent_dim=4), config, CPU)
    taught = (r for r in trainer.run() if isinstance(r, EpochRecord) and r.stage is Stage.DISTIL)
    assert next(taught).epoch < trainer.epochs
    warnings = conclude(trainer, dataset).summary.warnings
    assert any("one modality cannot be predicted from others" in text for text in warnings)
    with pytest.raises(DataError, match="no modality to predict 'curve' from"):
        predict(trainer.model, dataset, "curve", torch.Generator())


@pytest.mark.slow
def test_pupils_know_as_much_as_their_modality_tells(taught):
    """Table: everything.  Curve: the cause, hence the effect with its 85%."""
    trainer, _, _ = taught
    fresh, truth = two_cause_data(n=1000, seed=5)
    model, samples = trainer.model, trainer.model.prepare(fresh)
    joint = encode(model, samples).joint
    gamma = responsibilities(model, samples, joint, model.log_outcomes(trainer.temperature))
    right = torch.from_numpy(gamma.argmax(1))
    rows = torch.arange(len(right))
    with torch.no_grad():
        said = {
            name: model.unimodal[name](samples.column(name)).log_outcome for name in model.names
        }
    # Cross-entropy in nats: 0 for the table, the entropy of the effect given the cause for curves.
    loss = {name: -float(log[rows, right].mean()) for name, log in said.items()}
    share = (truth[:, 0] == truth[:, 1]).mean()
    entropy = -(share * np.log(share) + (1 - share) * np.log(1 - share))
    assert loss["table"] < 0.05
    assert loss["curve"] == pytest.approx(entropy, abs=0.08)


@pytest.mark.slow
def test_what_decoders_leave_unexplained_is_the_noise_of_each_value(taught):
    model = taught[0].model  # of the curve: four latents cannot take up 24 points' noise
    unit = float(model.scalings["curve"].scale)
    found = np.sqrt(model.unimodal["curve"].unexplained.numpy()) * unit
    np.testing.assert_allclose(np.median(found), 0.05, rtol=0.3)


def test_modalities_that_no_sample_shares_leave_nothing_to_teach(model_config, training_config):
    dataset, _ = two_cause_data(n=120)
    curve, table = (dataset[name].values.copy() for name in ("curve", "table"))
    curve[::2], table[1::2] = np.nan, np.nan
    trainer = Trainer(of_arrays({"curve": curve, "table": table}), model_config, training_config)
    assert trainer.distil_epochs == 0

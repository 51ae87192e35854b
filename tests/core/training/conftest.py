import numpy as np
import pytest

from causalpima_core.config import ModelConfig, TrainingConfig
from causalpima_core.data.multimodal import of_arrays


def two_cause_data(n=300, seed=0, missing=0.0):
    """A curve and a table of two binary factors, the second caused by the first."""
    rng = np.random.default_rng(seed)
    cause = rng.integers(0, 2, n)
    effect = np.where(rng.random(n) < 0.85, cause, 1 - cause)
    t = np.linspace(0, 1, 24)
    curve = np.where(cause[:, None], np.sin(6 * t), t) + 0.05 * rng.normal(size=(n, 24))
    table = np.stack([2.0 * effect, 1.0 - effect, cause + effect], 1)
    table = table + 0.1 * rng.normal(size=table.shape)
    curve[rng.random(n) < missing] = np.nan
    return of_arrays({"curve": curve, "table": table}), np.stack([cause, effect], 1)


@pytest.fixture
def dataset():
    return two_cause_data()[0]


@pytest.fixture
def model_config():
    return ModelConfig.parse(states=(2, 2), latent_dim=4)


@pytest.fixture
def training_config():
    return TrainingConfig.of_preset(
        "quick", seed=1, warm_up_steps=80, joint_steps=40, distil_steps=30
    )

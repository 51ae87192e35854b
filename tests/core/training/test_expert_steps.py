"""Joint training with known physics: whole states, missing curves, curves alone, wrong laws."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch

from causalpima_core.config import ModelConfig, TrainingConfig
from causalpima_core.data.multimodal import MultimodalDataset, of_arrays
from causalpima_core.runs.records import EpochRecord, Stage
from causalpima_core.scores import component_accuracy
from causalpima_core.training.checkpoint import last_checkpoint, save_checkpoint
from causalpima_core.training.doubts import doubts
from causalpima_core.training.expert_results import expert_results
from causalpima_core.training.expert_steps import begin_experts
from causalpima_core.training.findings import Findings, conclude
from causalpima_core.training.loop import Trainer

pytestmark = pytest.mark.slow

LAW = "amplitude*exp(-rate*t); amplitude>0; rate>0; t=0:4"
NOISE = 0.02
TRAINING = TrainingConfig.of_preset(
    "quick", seed=1, warm_up_steps=40, joint_steps=20, distil_steps=5
)


def decays(missing: float = 0.0) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """A curve that shows two factors and a table that shows one of them."""
    rng = np.random.default_rng(0)
    cause = rng.integers(0, 2, (200, 2))
    own = np.where(cause, [3.0, 1.6], [2.0, 0.8]) * np.exp(0.04 * rng.normal(size=cause.shape))
    curve = own[:, :1] * np.exp(-own[:, 1:] * np.linspace(0, 4, 40))
    curve += NOISE * rng.normal(size=curve.shape)
    curve[rng.random(200) < missing] = np.nan
    table = cause[:, :1] + 0.1 * rng.normal(size=(200, 3))
    return {"curve": curve, "table": table}, cause @ [2, 1]


def trainer_for(dataset: MultimodalDataset, law: str = LAW) -> Trainer:
    model = ModelConfig.parse(states=(2, 2), latent_dim=4, experts={"curve": law})
    return Trainer(dataset, model, TRAINING, torch.device("cpu"))


class Run(NamedTuple):
    trainer: Trainer
    found: Findings


def trained(dataset: MultimodalDataset, kept_in: Path | None = None) -> Run:
    """Train to the end; the state after the first epoch of joint training goes to ``kept_in``."""
    trainer = trainer_for(dataset)
    for record in trainer.run():
        of_joint = isinstance(record, EpochRecord) and record.stage is Stage.JOINT
        if kept_in and of_joint and not any(kept_in.iterdir()):
            save_checkpoint(kept_in, record.epoch, *trainer.state())
    return Run(trainer, conclude(trainer, dataset))


@pytest.fixture(scope="module")
def kept_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("decays")


@pytest.fixture(scope="module")
def run(kept_in: Path) -> Run:
    return trained(of_arrays(decays()[0]), kept_in)


def doubts_about(law: str, run: Run) -> tuple[list[str], Findings]:
    """What is said of a law whose components were begun from the truth."""
    arrays, truth = decays()
    trainer = trainer_for(of_arrays(arrays), law)
    model = trainer.model
    begin_experts(model, trainer.data, truth, np.random.default_rng(0))
    with torch.no_grad():  # as a trained decoder would leave it
        model.noise["curve"].fill_((NOISE / model.scalings["curve"].units().scale) ** 2)
    summary = run.found.summary.model_copy(update={"experts": expert_results(model)})
    return doubts(summary, run.found.graph, finished=True), summary.experts[0]


def test_prototypes_are_the_curves_of_the_parameters(run: Run):
    (expert,) = run.found.summary.experts
    t = np.linspace(0, 4, 40)
    curves = run.found.arrays["prototype.curve"]
    for component, curve in zip(expert.components, curves, strict=True):
        a, k = (component.parameters[name].value for name in ("amplitude", "rate"))
        np.testing.assert_allclose(curve, a * np.exp(-k * t), rtol=1e-4)


@pytest.mark.slow
def test_curves_alone_are_enough():
    arrays, truth = decays()
    found = trained(of_arrays({"curve": arrays["curve"]})).found
    assert component_accuracy(truth, found.assignments["component"].to_numpy()) == 1.0


@pytest.mark.slow
def test_missing_curves_have_no_say():
    arrays, truth = decays(missing=0.3)
    found = trained(of_arrays(arrays)).found
    seen = np.isfinite(arrays["curve"][:, 0])
    component = found.assignments["component"].to_numpy()
    assert component_accuracy(truth[seen], component[seen]) == 1.0
    (expert,) = found.summary.experts
    rates = sorted(c.parameters["rate"].value for c in expert.components)
    assert rates == pytest.approx([0.8, 0.8, 1.6, 1.6], rel=0.03)


def test_going_on_from_a_checkpoint_is_as_if_nothing_had_happened(run: Run, kept_in: Path):
    dataset = of_arrays(decays()[0])
    second = trainer_for(dataset)
    second.restore(*last_checkpoint(kept_in).stored)
    for _ in second.run():
        pass
    conclude(second, dataset)
    expected = run.trainer.model.state_dict()
    for name, tensor in second.model.state_dict().items():
        assert torch.equal(tensor, expected[name]), name


def test_a_right_law_is_not_doubted(run: Run):
    told, expert = doubts_about(LAW, run)
    assert not [sentence for sentence in told if re.search("(for|of) curve", sentence)]
    assert expert.misfit == pytest.approx(1, abs=0.1)


def test_a_law_that_misses_the_curves_is_doubted_in_words(run: Run):
    told, expert = doubts_about("line; t=0:4", run)
    assert expert.misfit > 10
    assert [s for s in told if s.startswith("The formula for curve misses part of the curves")]


def test_parameters_that_cannot_be_told_apart_are_named(run: Run):
    told, expert = doubts_about("a*b*exp(-k*t); a>0; b>0; k>0; t=0:4", run)
    for name in ("a", "b"):
        assert [s for s in told if f"do not determine {name} of curve in 4 of 4" in s]
        assert all(c.parameters[name].standard_error is None for c in expert.components)
    assert not [s for s in told if "determine k" in s]


def test_a_parameter_at_its_bound_is_named(run: Run):
    told, _ = doubts_about(f"{LAW}; 1<rate<3", run)
    assert [s for s in told if s.startswith("rate of curve is at a bound in 2 of 4")]

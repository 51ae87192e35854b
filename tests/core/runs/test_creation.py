"""What a new run may not be, and what it keeps of how its data are scaled."""

from __future__ import annotations

import ast
from dataclasses import replace

import pytest

from causalpima_core.config import Covariance, Knowledge, ModelConfig, TrainingConfig
from causalpima_core.data.scale import Scale
from causalpima_core.errors import RunFolderError
from causalpima_core.report.command import command_line, python_call
from causalpima_core.runs.creation import create_run


def test_a_run_does_not_lie_among_its_data(dataset, tmp_path):
    data = tmp_path / "images"
    data.mkdir()
    with pytest.raises(RunFolderError, match="choose a place outside"):
        create_run(data / "run", data, dataset, ModelConfig(states=(2,)), TrainingConfig())
    assert list(data.iterdir()) == []


def test_standardising_what_the_data_state_otherwise_is_part_of_the_run(dataset, tmp_path):
    first, *others = dataset.modalities
    stated = replace(dataset, modalities=(replace(first, scale=Scale.MIN_MAX), *others))
    path = tmp_path / "data.npz"
    made = {}
    for name, chosen in (("as stated", {}), ("otherwise", {first.name: Scale.STANDARD})):
        model = ModelConfig(states=(2, 3), scales=chosen)
        made[name] = create_run(tmp_path / name, path, stated, model, TrainingConfig()).config()
    assert made["as stated"].model.scales == {first.name: Scale.MIN_MAX}
    told = command_line(path, made["otherwise"].model, TrainingConfig(), tmp_path / "again")
    assert f"--scale {first.name}=standard" in told
    plain = create_run(
        tmp_path / "plain", path, dataset, ModelConfig(states=(2, 3)), TrainingConfig()
    )
    assert plain.config().model.scales == {}


def test_the_call_in_python_holds_all_settings():
    knowledge = Knowledge(required=(("node_1", "node_2"),), tiers={"node_1": 0, "node_2": 1})
    given = ModelConfig(
        states=(2, 3),
        latent_dim=5,
        covariance=Covariance.DIAGONAL,
        knowledge=knowledge,
        experts={"curve": "a*exp(-k*t); k>0 [1/s]; t=0:30 [s]"},
        scales={"table": Scale.MIN_MAX},
    )
    for model in (given, ModelConfig.parse(states="auto", latent_dim=3)):
        call = (
            ast.parse(python_call(model, TrainingConfig.of_preset("quick", seed=4))).body[0].value
        )
        states = ast.literal_eval(call.args[1])
        options = {one.arg: ast.literal_eval(one.value) for one in call.keywords}
        assert (options.pop("seed"), options.pop("preset")) == (4, "quick")
        assert ModelConfig.parse(states=states, **options) == model

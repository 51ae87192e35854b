from dataclasses import replace

import numpy as np
import pytest
import torch

from causalpima_core.config import ModelConfig
from causalpima_core.data.multimodal import Kind, of_arrays
from causalpima_core.errors import DataError, RunFolderError
from causalpima_core.model import CausalPima
from causalpima_core.scaling import ModalitySpec


def test_weights_of_another_version_are_refused_in_a_sentence():
    specs = (ModalitySpec("table", Kind.TABLE, (3,)),)
    model = CausalPima(ModelConfig(states=(2, 2)), specs, 4, torch.Generator())
    known = model.state_dict()
    other = {name.replace(".network.", ".layers."): value for name, value in known.items()}
    assert other.keys() != known.keys()
    with pytest.raises(RunFolderError, match="from another version of the program: train it again"):
        model.load_weights(other)
    with pytest.raises(RunFolderError, match="from another version of the program"):
        model.load_weights({"component_mean": known["component_mean"]})
    model.load_weights(known)


@pytest.mark.parametrize(("side", "most"), [(4, 1024), (80, 655)])
def test_many_samples_are_decoded_a_few_at_a_time_to_what_each_would_be(side, most):
    specs = (
        ModalitySpec("table", Kind.TABLE, (3,)),
        ModalitySpec("image", Kind.IMAGE, (1, side, side)),
    )
    model = CausalPima(ModelConfig(states=(2, 2), latent_dim=2), specs, 4, torch.Generator())
    model.scalings["table"].centre += 5.0
    sizes = []
    model.decoders["image"].register_forward_hook(lambda _m, given, _o: sizes.append(len(given[0])))
    latent = torch.randn(1500, 2, generator=torch.Generator().manual_seed(0))
    whole = model.decode_to_units(latent)
    assert (max(sizes), sum(sizes)) == (most, 1500)
    assert whole["image"].shape == (1500, 1, side, side)
    for row in (0, most - 1, most, 1499):
        alone = model.decode_to_units(latent[row : row + 1])
        for name, values in alone.items():
            np.testing.assert_allclose(whole[name][row], values[0], rtol=1e-4, atol=1e-5)
    assert model.decode_to_units(latent[:0])["table"].shape == (0, 3)


def test_columns_in_another_order_are_refused_and_not_misread():
    dataset = of_arrays({"table": np.random.default_rng(0).normal(size=(20, 3))})
    modality = replace(dataset["table"], columns=("gap", "surface", "thickness"))
    model = CausalPima(
        ModelConfig(states=(2, 2)), (ModalitySpec.of(modality),), 4, torch.Generator()
    )
    for columns, other in (
        (("thickness", "gap", "surface"), "'thickness' where the model was trained on 'gap'"),
        (("gap", "surface", "colour"), "'colour' where the model was trained on 'thickness'"),
    ):
        with pytest.raises(DataError, match=other):
            model.prepare(replace(dataset, modalities=(replace(modality, columns=columns),)))
    for known in (modality, dataset["table"]):  # without names, nothing can be said against it
        assert len(model.prepare(replace(dataset, modalities=(known,)))) == 20


def test_a_batch_without_a_modality_says_nothing_of_its_noise(rng):
    arrays = {"one": rng.normal(size=(20, 3)), "other": rng.normal(size=(20, 2))}
    arrays["other"][:10] = np.nan
    dataset = of_arrays(arrays)
    specs = tuple(ModalitySpec.of(m) for m in dataset.modalities)
    model = CausalPima(ModelConfig(states=(2, 2)), specs, 4, torch.Generator())
    batch = model.prepare(dataset)[:10]
    before = {name: model.noise[name].clone() for name in model.names}
    noise = model.noise_of(batch, model.generate(model.infer(batch).joint.mean))
    model.remember_noise(noise, batch, 0.5)
    torch.testing.assert_close(model.noise["one"], (before["one"] + noise["one"]) / 2)
    torch.testing.assert_close(model.noise["other"], before["other"])


def test_a_sample_of_which_the_model_knows_nothing_is_named(rng):
    arrays = {"one": rng.normal(size=(20, 3)), "other": rng.normal(size=(20, 2))}
    arrays["one"][7] = np.nan
    dataset = of_arrays(arrays, [f"plate {i}" for i in range(20)])
    model = CausalPima(
        ModelConfig(states=(2, 2)), (ModalitySpec.of(dataset["one"]),), 4, torch.Generator()
    )
    with pytest.raises(DataError, match="Sample plate 7 has none of the modalities one"):
        model.prepare(dataset)

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
    model.load_weights(known)


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

import pytest
import torch

from causalpima_core.config import ModelConfig
from causalpima_core.data.multimodal import Kind
from causalpima_core.errors import RunFolderError
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

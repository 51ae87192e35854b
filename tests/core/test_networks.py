import pytest
import torch

from causalpima_core.data.multimodal import Kind
from causalpima_core.decoders import Decoder
from causalpima_core.encoders import Encoder, stage_sizes

SHAPES = [
    (Kind.IMAGE, (1, 28, 28)),
    (Kind.IMAGE, (4, 17, 5)),
    (Kind.IMAGE, (3, 1, 1)),
    (Kind.IMAGE, (2, 3, 64)),
    (Kind.IMAGE, (3, 200, 150)),
    (Kind.CURVE, (100,)),
    (Kind.CURVE, (9,)),
    (Kind.TABLE, (1,)),
    (Kind.TABLE, (40,)),
]


@pytest.mark.parametrize(("kind", "shape"), SHAPES)
def test_any_size_is_encoded_and_decoded_back_to_itself(kind, shape):
    values = torch.randn(3, *shape)
    q = Encoder(kind, shape, 5)(values)
    assert q.mean.shape == q.log_variance.shape == (3, 5)
    assert Decoder(kind, shape, 5)(q.mean).shape == values.shape


@pytest.mark.parametrize(("kind", "shape"), SHAPES)
def test_every_value_influences_the_encoding_and_is_influenced_by_the_latent(kind, shape):
    torch.manual_seed(0)
    values = torch.randn(1, *shape, requires_grad=True)
    Encoder(kind, shape, 5)(values).mean.square().sum().backward()
    assert (values.grad != 0).all()
    latent = torch.randn(1, 5)
    decoder = Decoder(kind, shape, 5)
    changed = decoder(latent) != decoder(latent + 1)
    assert changed.float().mean() > 0.99  # a few may round to the same number


def test_stages_stop_at_a_few_pixels():
    assert stage_sizes((200, 150))[-1] == (4, 3)
    assert len(stage_sizes((4,))) == 1


def test_log_variances_are_bounded():
    encoder = Encoder(Kind.TABLE, (2,), 3)
    q = encoder(torch.full((1, 2), 1e6))
    assert (q.log_variance.abs() <= 14).all()


@pytest.mark.parametrize(("kind", "shape"), SHAPES)
def test_extreme_values_give_no_extreme_means(kind, shape):
    torch.manual_seed(0)
    encoder = Encoder(kind, shape, 5)
    assert encoder(1e6 * torch.randn(20, *shape)).mean.abs().max() < 10

"""Samples give the same batches wherever they are kept."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from causalpima_core.config import ModelConfig
from causalpima_core.data import stored
from causalpima_core.data.multimodal import of_arrays
from causalpima_core.model import CausalPima
from causalpima_core.samples import Samples
from causalpima_core.scaling import ModalitySpec


@pytest.fixture
def held_and_read(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch):
    """The same images in memory and not, each with a table that some samples lack."""
    images = rng.integers(0, 255, (40, 3, 8, 8)).astype(np.uint8)
    table = rng.normal(size=(40, 3))
    table[::7] = np.nan
    found: list[Samples] = []
    for most in (2**28, 1000):
        monkeypatch.setattr(stored, "LARGE", most)
        dataset = of_arrays({"photo": images, "table": table})
        specs = tuple(ModalitySpec.of(m) for m in dataset.modalities)
        model = CausalPima(ModelConfig(states=(2,)), specs, 1, torch.Generator())
        model.fit_scalings(dataset)
        found.append(model.prepare(dataset))
    return found


def test_batches_are_the_same_to_the_bit(held_and_read):
    held, read = held_and_read
    assert (held.is_read("photo"), read.is_read("photo")) == (False, True)
    some = torch.tensor([31, 4, 4, 17, 7, 0, 22])
    for rows in (slice(3, 20), some):
        for mine, theirs in ((held, read), (held.only(some), read.only(some))):
            chosen = rows if mine is held else torch.tensor([2, 0, 5])
            one, other = mine[chosen], theirs[chosen]
            assert torch.equal(one.observed, other.observed)
            for name in ("photo", "table"):
                assert torch.equal(one.values[name], other.values[name])


def test_some_of_some_are_those_of_all(held_and_read):
    first, second = torch.tensor([9, 30, 2, 14]), torch.tensor([3, 1])
    for samples in held_and_read:
        some = samples.only(first).only(second)
        assert len(some) == 2
        whole = samples[first[second]]
        assert torch.equal(some[:].values["photo"], whole.values["photo"])
        assert torch.equal(some[:].observed, whole.observed)


def test_what_is_in_memory_is_one_piece_and_what_is_read_is_several(held_and_read, monkeypatch):
    monkeypatch.setattr("causalpima_core.samples.READ_AT_ONCE", 3 * 8 * 8 * 7)
    held, read = held_and_read
    assert list(held.pieces("photo")) == [slice(0, 40)]
    assert [(rows.start, rows.stop) for rows in read.pieces("photo")] == [
        (0, 7),
        (7, 14),
        (14, 21),
        (21, 28),
        (28, 35),
        (35, 40),
    ]
    assert list(read.pieces("table")) == [slice(0, 40)]

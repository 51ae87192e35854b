"""Values on disk in any type are the values they would be in memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from causalpima_core.data import stored
from causalpima_core.data.multimodal import Kind, Modality, modality_of_array, of_arrays
from causalpima_core.data.stored import StoredValues, pieces
from causalpima_core.errors import DataError

TYPES = [np.uint8, np.int16, np.float16, np.float32, np.float64, ">i2"]


@pytest.fixture(autouse=True)
def everything_is_large(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(stored, "LARGE", 64)
    monkeypatch.setattr(stored, "READ_AT_ONCE", 100)


def on_disk(tmp_path: Path, array: np.ndarray) -> np.ndarray:
    np.save(tmp_path / "a.npy", array)
    return np.load(tmp_path / "a.npy", mmap_mode="r")


@pytest.fixture
def images(rng: np.random.Generator) -> np.ndarray:
    return rng.integers(0, 100, (11, 3, 5, 4))


@pytest.mark.parametrize("dtype", TYPES)
def test_what_is_taken_out_is_what_an_array_of_float32_gives(tmp_path, images, dtype):
    kept = StoredValues(on_disk(tmp_path, images.astype(dtype)))
    array = images.astype(np.float32)
    mask = np.arange(11) % 3 == 0
    for key in (2, slice(3, 9), [5, 1, 1], mask, (slice(None), 0), (np.array([4, 2]), 1, ..., 0)):
        np.testing.assert_array_equal(kept[key], array[key])
        assert kept[key].dtype == np.float32
    np.testing.assert_array_equal(np.asarray(kept), array)
    assert (kept.shape, len(kept), kept.size) == (array.shape, 11, array.size)


@pytest.mark.parametrize("in_memory", [True, False])
def test_pieces_are_all_of_it_in_order(images, in_memory):
    array = images.astype(np.float32)
    found = list(pieces(array if in_memory else StoredValues(images)))
    assert len(found) > 3
    np.testing.assert_array_equal(np.concatenate([piece for _, piece in found]), array)
    for rows, piece in found:
        np.testing.assert_array_equal(array[rows], piece)


def test_samples_of_a_type_without_nan_can_be_missing(images):
    there = np.arange(11) != 4
    modality = Modality(
        "photo",
        Kind.IMAGE,
        StoredValues(images.astype(np.uint8)).taken(np.where(there, np.arange(11), -1)),
    )
    assert list(modality.observed) == list(there)
    assert np.isnan(modality.values[4]).all()
    assert np.isnan(modality.values[[3, 4], :, 0]).all((1, 2)).tolist() == [False, True]
    assert modality.overview.mean == pytest.approx(images[there].mean())


def test_samples_are_taken_in_another_order_and_left_where_they_are(images):
    rows = np.array([7, 2, -1, 2, 10])
    kept = StoredValues(images.astype(np.uint8)).taken(rows)
    array = images.astype(np.float32)[rows]
    array[2] = np.nan
    for key in (1, 2, slice(1, 4), [3, 2], (slice(None), 0), (np.array([4, 2]), 1, ..., 0), (2, 1)):
        np.testing.assert_array_equal(kept[key], array[key])
    assert (kept.shape, len(kept), kept.size) == (array.shape, 5, array.size)
    again = kept.taken(np.array([2, 4, -1]))
    np.testing.assert_array_equal(np.asarray(again), array[[2, 4, 2]])


@pytest.mark.parametrize("dtype", TYPES)
def test_a_dataset_is_the_same_from_disk_and_from_memory(tmp_path, monkeypatch, images, dtype):
    array = images.astype(dtype)
    large = of_arrays({"photo": on_disk(tmp_path, array)})
    assert isinstance(large["photo"].values, StoredValues)
    monkeypatch.setattr(stored, "LARGE", 2**30)
    small = of_arrays({"photo": array})
    assert isinstance(small["photo"].values, np.ndarray)
    assert large.fingerprint() == small.fingerprint()
    for one in (large, small):
        assert (one["photo"].overview.low, one["photo"].overview.high) == (
            images.min(),
            images.max(),
        )


def test_channels_on_the_last_axis_are_brought_forward_uncopied(tmp_path, images):
    there = on_disk(tmp_path, np.moveaxis(images, 1, -1).astype(np.uint8))
    values = modality_of_array("photo", there).values
    assert isinstance(values, StoredValues)
    np.testing.assert_array_equal(values[:], images)


def test_curves_on_disk_are_seen_to_be_curves(tmp_path, rng):
    steps = rng.normal(size=(40, 30)).cumsum(1)
    assert modality_of_array("a", on_disk(tmp_path, steps)).kind is Kind.CURVE
    noise = on_disk(tmp_path, rng.normal(size=(40, 30)))
    assert modality_of_array("a", noise).kind is Kind.TABLE


@pytest.mark.parametrize(
    ("spoilt", "told"),
    [
        ([((7, 1), np.inf)], "infinite value in sample 7"),
        ([((9, 0), np.nan), ((3, 2), np.nan)], r"NaN in part of sample 3 \(2 such samples\)"),
        ([(..., np.nan)], "missing in every sample"),
        ([(..., 2.0)], "always 2"),
        ([((8, 0), 1e300)], "infinite value in sample 8"),
    ],
)
def test_what_cannot_be_trained_on_is_found_wherever_it_is(tmp_path, rng, spoilt, told):
    array = rng.normal(size=(120, 3))
    for where, value in spoilt:
        array[where] = value
    with pytest.raises(DataError, match=told):
        modality_of_array("t", on_disk(tmp_path, array))

"""The value object holds only what can be trained on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from causalpima_core.data.multimodal import (
    Kind,
    Modality,
    MultimodalDataset,
    modality_of_array,
    of_arrays,
)
from causalpima_core.errors import DataError


@pytest.mark.parametrize(
    ("shape", "sample"),
    [
        ((5, 9, 7), (1, 9, 7)),
        ((5, 1, 9, 7), (1, 9, 7)),
        ((5, 4, 9, 7), (4, 9, 7)),
        ((5, 9, 7, 3), (3, 9, 7)),
        ((5, 9, 7, 1), (1, 9, 7)),
    ],
)
def test_images_are_brought_to_channels_first(rng, shape, sample):
    array = rng.random(shape)
    modality = modality_of_array("photo", array)
    assert modality.kind is Kind.IMAGE
    assert modality.shape == sample
    flat = np.sort(array.astype(np.float32).reshape(5, -1))
    np.testing.assert_array_equal(np.sort(modality.values.reshape(5, -1)), flat)


def test_channels_last_keeps_each_pixel(rng):
    array = rng.random((2, 6, 5, 3))
    values = modality_of_array("photo", array).values
    assert values[1, 2, 3, 4] == np.float32(array[1, 3, 4, 2])


def test_smooth_rows_are_a_curve_and_noise_is_a_table(rng):
    t = np.linspace(0, 1, 30)
    curves = np.sin(2 * np.pi * (t + rng.random((40, 1))))
    assert modality_of_array("a", curves).kind is Kind.CURVE
    assert modality_of_array("a", rng.normal(size=(40, 30))).kind is Kind.TABLE
    assert modality_of_array("a", curves[:, :5]).kind is Kind.TABLE


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64, np.float16, np.float64])
def test_any_real_numbers_become_float32_and_stay_untouched(rng, dtype):
    array = rng.integers(0, 2, size=(6, 3)).astype(dtype)
    before = array.copy()
    modality = modality_of_array("t", array)
    assert modality.values.dtype == np.float32
    np.testing.assert_array_equal(array, before)
    np.testing.assert_array_equal(modality.values, before.astype(float))


def test_numbers_beyond_float32_are_called_infinite():
    with pytest.raises(DataError, match="infinite value in sample 1"):
        modality_of_array("t", np.array([[1.0], [1e300]]))


@given(st.lists(st.booleans(), min_size=2, max_size=12).filter(any))
def test_observed_is_where_a_row_has_numbers(present):
    values = np.arange(2.0 * len(present), dtype=np.float32).reshape(-1, 2)
    values[~np.array(present)] = np.nan
    modality = Modality("t", Kind.TABLE, values)
    assert list(modality.observed) == present


def test_a_modality_missing_everywhere_is_refused():
    with pytest.raises(DataError, match="missing in every sample"):
        Modality("t", Kind.TABLE, np.full((3, 2), np.nan, dtype=np.float32))


def test_a_sample_without_any_measurement_is_named(rng):
    a, b = rng.normal(size=(4, 2)), rng.normal(size=(4, 2))
    a[2], b[2] = np.nan, np.nan
    with pytest.raises(DataError, match="Sample s2 has no measurement"):
        of_arrays({"a": a, "b": b}, sample_id=[f"s{i}" for i in range(4)])


@pytest.mark.parametrize(
    ("ids", "metadata", "told"),
    [
        (["a", "b"], None, "sample_id has 2 entries for 3 samples"),
        (None, pd.DataFrame({"x": [1, 2]}), "metadata has 2 entries for 3 samples"),
    ],
)
def test_names_and_metadata_belong_to_the_samples(rng, ids, metadata, told):
    with pytest.raises(DataError, match=told):
        of_arrays({"t": rng.normal(size=(3, 2))}, ids, metadata)


def test_no_modality_at_all():
    with pytest.raises(DataError, match="at least one modality"):
        of_arrays({})
    with pytest.raises(DataError, match="at least one modality"):
        MultimodalDataset((), np.array([], dtype=str), pd.DataFrame())


def test_modalities_are_found_by_name(dataset):
    assert dataset["table"] is dataset.modalities[0]
    with pytest.raises(DataError, match="Unknown modality 'photo': this dataset has table"):
        dataset["photo"]


def test_fingerprint_follows_what_is_trained_on_and_nothing_else(rng):
    table = rng.normal(size=(4, 2))
    same = of_arrays({"t": table}, list("abcd"), pd.DataFrame({"x": range(4)})).fingerprint()
    assert of_arrays({"t": table}).fingerprint() == same
    assert of_arrays({"u": table}).fingerprint() != same
    table[3, 1] += 1e-3
    assert of_arrays({"t": table}).fingerprint() != same


def test_description_is_in_words(rng):
    assert modality_of_array("p", rng.random((4, 8, 9, 3))).describe() == "image 3 × 8 × 9"


def test_a_single_sample_can_be_asked_about_but_not_learned_from(rng):
    three = of_arrays({"a": rng.normal(size=(3, 2)), "b": rng.normal(size=(3, 4))}, list("xyz"))
    one = three.only([1], ["b"])
    assert (one.names, list(one.sample_id)) == (("b",), ["y"])
    np.testing.assert_array_equal(one["b"].values, three["b"].values[[1]])
    three.check_trainable()
    with pytest.raises(DataError, match="at least 2 samples, got 1"):
        one.check_trainable()


def test_two_modalities_of_one_name_are_refused(dataset):
    with pytest.raises(DataError, match=f"Two modalities are called '{dataset.names[0]}'"):
        replace(dataset, modalities=(*dataset.modalities, dataset.modalities[0]))

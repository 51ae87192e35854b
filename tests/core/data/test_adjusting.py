"""Data written as one file are the same data; logarithms and smaller images are what they say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given

from causalpima_core.__main__ import main
from causalpima_core.data.adjusting import Adjustment, adjusted
from causalpima_core.data.multimodal import of_arrays
from causalpima_core.data.readers import load_dataset
from causalpima_core.data.scale import Scale
from causalpima_core.data.writers import write_dataset
from causalpima_core.errors import DataError
from tests.core.data.test_round_trips import (
    FEW,
    assert_same,
    assert_same_units,
    datasets,
    there_and_back,
)

FORMATS = Path(__file__).parents[3] / "assets" / "formats"


@FEW
@given(datasets(images=True))
def test_what_is_written_is_read_as_it_was(dataset):
    def write(dataset, folder):
        write_dataset(dataset, folder / "a.h5")
        return folder / "a.h5"

    read = there_and_back(write, dataset)
    assert_same(read, dataset)
    assert_same_units(read, dataset)
    same = {m.name: m for m in read.modalities}
    assert all(same[m.name].columns == m.columns for m in dataset.modalities)


def test_metadata_of_every_type(tmp_path):
    rng = np.random.default_rng(0)
    metadata = pd.DataFrame(
        {
            "n": [1, 2, 3],
            "x/y": [0.5, np.nan, 2],
            "who": ["a", None, "c"],
            "ok": [True, False, True],
        }
    )
    dataset = of_arrays({"t": rng.normal(size=(3, 2))}, list("abc"), metadata)
    write_dataset(dataset, tmp_path / "a.h5")
    read = load_dataset(tmp_path / "a.h5").metadata
    assert set(read.columns) == {"n", "x∕y", "who", "ok"}
    assert list(read["n"]) == [1, 2, 3]
    assert list(read["who"]) == ["a", "", "c"]
    assert list(read["ok"]) == [True, False, True]


def test_the_command_converts_every_example(tmp_path, capsys):
    for example in FORMATS.iterdir():
        if ".metadata." in example.name or ".units." in example.name:
            continue
        out = tmp_path / f"{example.name}.h5"
        assert main(["convert", str(example), "--out", str(out)]) == 0
        before, after = load_dataset(example), load_dataset(out)
        assert set(after.names) == set(before.names)
        for name in before.names:
            np.testing.assert_array_equal(after[name].values, before[name].values)
            assert after[name].axis == before[name].axis
    assert capsys.readouterr().out.count(".h5\n") > 10


def test_logarithms_and_smaller_images(tmp_path):
    out = tmp_path / "a.h5"
    command = ["convert", str(FORMATS / "arrays.h5"), "--out", str(out)]
    assert main([*command, "--log", "table", "--side", "image=6"]) == 0
    before, after = load_dataset(FORMATS / "arrays.h5"), load_dataset(out)
    np.testing.assert_allclose(after["table"].values, np.log10(before["table"].values), rtol=1e-6)
    assert after["table"].columns[0] == "log10 density [g/cm³]"
    mean = before["image"].values[:, :, :2, :2].mean((2, 3))
    np.testing.assert_allclose(after["image"].values[:, :, 0, 0], mean)
    np.testing.assert_array_equal(after["stress"].values, before["stress"].values)


def test_a_scale_is_converted_along_and_leaves_the_values(tmp_path):
    out, again = tmp_path / "a.h5", tmp_path / "b.h5"
    command = ["convert", str(FORMATS / "arrays.h5"), "--out", str(out)]
    assert main([*command, "--scale", "table=min-max"]) == 0
    assert main(["convert", str(out), "--out", str(again)]) == 0
    before, after = load_dataset(FORMATS / "arrays.h5"), load_dataset(again)
    np.testing.assert_array_equal(after["table"].values, before["table"].values)
    assert before.scales({}) == {}
    assert after.scales({}) == {"table": Scale.MIN_MAX}
    otherwise = {"table": Scale.STANDARD, "image": Scale.MIN_MAX}
    assert after.scales(otherwise) == otherwise
    assert before.scales(otherwise) == {"image": Scale.MIN_MAX}
    with pytest.raises(DataError, match="Unknown modality 'none'"):
        after.scales({"none": Scale.STANDARD})


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--log", "stress"], "values down to 0"),
        (["--log", "nothing"], "Unknown modality 'nothing'"),
        (["--side", "stress=8"], "expected images"),
        (["--side", "image=2"], "at least 4"),
        (["--side", "image"], "expected MODALITY=PIXELS"),
        (["--scale", "image=log"], "expected MODALITY=standard or"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_written(tmp_path, capsys, options, told):
    out = tmp_path / "a.h5"
    assert main(["convert", str(FORMATS / "arrays.h5"), "--out", str(out), *options]) == 2
    assert told in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_missing_samples_stay_missing():
    dataset = adjusted(load_dataset(FORMATS / "arrays.npz"), {"image": Adjustment(largest_side=4)})
    assert list(np.flatnonzero(~dataset["image"].observed)) == [3]


def test_another_ending_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"ending in \.h5"):
        write_dataset(load_dataset(FORMATS / "wide.csv"), tmp_path / "a.npz")

"""The example file of each format holds the same tensile tests, and the documentation names it."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from causalpima_core.data.multimodal import Kind
from causalpima_core.data.readers import SUFFIXES, load_dataset

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "assets" / "formats"
EXAMPLES = sorted(p for p in FOLDER.iterdir() if not re.search(r"\.metadata\.csv|\.json", p.name))


def test_there_is_an_example_of_every_format_and_the_documentation_names_each():
    suffixes = {example.suffix for example in EXAMPLES}
    assert suffixes == {*SUFFIXES, ""} - {".hdf5"}
    told = (ROOT / "docs" / "FORMATS.md").read_text(encoding="utf-8")
    assert all(f"(../assets/formats/{example.name})" in told for example in EXAMPLES)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_it_is_read_as_the_tests_it_holds(path):
    dataset = load_dataset(path)
    expected = load_dataset(FOLDER / "wide.csv")
    n = 4 if path.name == "folder" else 12
    assert len(dataset) == n
    if path.suffix != ".npy":
        assert list(dataset.sample_id) == list(expected.sample_id[:n])
        assert list(dataset.metadata["alloy"]) == list(expected.metadata["alloy"][:n])
    curve = dataset["mechanics" if path.suffix == ".h5mu" else "stress"]
    np.testing.assert_array_equal(curve.values, expected["stress"].values[:n])
    images = [m for m in dataset.modalities if m.kind is Kind.IMAGE]
    assert all(m.shape == (1, 12, 12) for m in images)


@pytest.mark.parametrize(
    "name", ["arrays.npz", "arrays.h5", "arrays.nc", "long.csv", "manifest.zip"]
)
def test_units_and_axes_come_along(name):
    stress = load_dataset(FOLDER / name)["stress"]
    assert (stress.kind, stress.unit, stress.axis_unit) == (Kind.CURVE, "MPa", "%")
    np.testing.assert_allclose(stress.axis, np.linspace(0, 3, 16))


@pytest.mark.parametrize("name", ["arrays.npz", "manifest.zip"])
def test_what_was_not_measured_is_missing(name):
    assert list(np.flatnonzero(~load_dataset(FOLDER / name)["image"].observed)) == [3]


def test_sixteen_bits_stay_sixteen_bits():
    deep = load_dataset(FOLDER / "folder")["micrograph"].values
    plain = load_dataset(FOLDER / "arrays.h5")["image"].values[:4]
    np.testing.assert_array_equal(deep, plain * 256)

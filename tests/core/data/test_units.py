"""What a person states of units and axes lies beside the data and changes nothing trained on."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from causalpima_core.data.readers import load_dataset
from causalpima_core.data.units import Description, describe
from causalpima_core.errors import ConfigError, DataError
from causalpima_core.experts.check import axis_of, check_experts, completed


@pytest.fixture
def path(tmp_path):
    rng = np.random.default_rng(0)
    curve = rng.random((9, 1)) * np.sin(np.arange(12) / 4)
    np.savez(tmp_path / "a.npz", curve=curve, photo=rng.random((9, 2, 4, 4)))
    return tmp_path / "a.npz"


def test_what_is_stated_is_read_again_and_values_stay(path):
    before = load_dataset(path)
    describe(path, before["curve"], Description(unit="MPa", axis=(0, 22), axis_unit="%"))
    describe(path, before["photo"], Description(channels=("height", "phase")))
    after = load_dataset(path)
    assert (after["curve"].unit, after["curve"].axis_unit) == ("MPa", "%")
    np.testing.assert_allclose(after["curve"].axis, np.arange(0, 23, 2))
    assert after["photo"].channels == ("height", "phase")
    assert after.fingerprint() == before.fingerprint()


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("photo", Description(axis=(0, 1))),
        ("photo", Description(channels=("height",))),
        ("curve", Description(axis=(0, 1, 2))),
        ("curve", Description(axis=(1, 1))),
        ("curve", Description(channels=("height",))),
    ],
)
def test_what_does_not_fit_is_refused_and_not_kept(path, name, told):
    with pytest.raises(DataError):
        describe(path, load_dataset(path)[name], told)
    assert not path.with_suffix(".units.json").exists()


@pytest.mark.parametrize("text", ["", "[]", '{"curve": {"unit": 3}}', '{"curve": {"x": ""}}', "\0"])
def test_a_damaged_file_is_named(path, text):
    path.with_suffix(".units.json").write_text(text)
    with pytest.raises(DataError, match=r"'a\.units\.json' is not understood"):
        load_dataset(path)


def in_folder(place: Path) -> Path:
    return place


def in_archive(place: Path) -> Path:
    return Path(shutil.make_archive(str(place), "zip", place))


WITHIN = pytest.mark.parametrize("given_as", [in_folder, in_archive])
STATED = {"curve": {"unit": "MPa", "axis": [0, 22], "axis_unit": "%", "scale": "min-max"}}


@pytest.fixture
def place(path) -> Path:
    """A folder with the file of arrays."""
    (path.parent / "folder").mkdir()
    return path.rename(path.parent / "folder" / path.name).parent


@WITHIN
def test_it_may_lie_beside_a_file_in_a_folder_or_archive(place, given_as):
    (place / "a.units.json").write_text(json.dumps(STATED))
    dataset = load_dataset(given_as(place))
    curve = dataset["curve"]
    assert (curve.unit, curve.axis[-1], curve.axis_unit, curve.scale) == ("MPa", 22, "%", "min-max")
    assert dataset["photo"].unit == ""
    assert dataset.notes == ()


@WITHIN
def test_what_lies_beside_the_whole_goes_before(place, given_as):
    (place / "a.units.json").write_text(json.dumps(STATED))
    path = given_as(place)
    path.with_suffix(".units.json").write_text('{"curve": {"unit": "GPa"}}')
    curve = load_dataset(path)["curve"]
    assert (curve.unit, curve.axis_unit) == ("GPa", "%")


@WITHIN
def test_it_may_lie_beside_a_manifest(tmp_path, given_as):
    place = tmp_path / "folder" / "tests"
    place.mkdir(parents=True)
    for row in range(3):
        np.save(place / f"{row}.npy", np.sin(row + np.arange(12) / 4))
    rows = [f"s{row},{row}.npy\n" for row in range(3)]
    (place / "manifest.csv").write_text("sample_id,curve\n" + "".join(rows))
    (place / "manifest.units.json").write_text(json.dumps(STATED))
    (place / "0.units.json").write_text(json.dumps(STATED))
    dataset = load_dataset(given_as(place.parent))
    assert (dataset["curve"].unit, dataset["curve"].axis_unit) == ("MPa", "%")
    assert dataset.notes == (
        "1 files of units belong to no table, file of arrays or manifest and are left out "
        "('tests/0.units.json', …).",
    )


@WITHIN
@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "'a.units.json' is not understood"),
        (" " * 2**21, "'a.units.json' is not understood"),
        ('{"photo": {"axis": [0, 1]}}', "Modality 'photo' is no curve"),
    ],
)
def test_one_that_does_not_fit_stops_reading_there_too(place, given_as, text, told):
    (place / "a.units.json").write_text(text)
    with pytest.raises(DataError, match=told):
        load_dataset(given_as(place))


def test_known_physics_takes_axis_and_unit_from_the_data_unless_told(path):
    curve = load_dataset(path)["curve"]
    assert completed("line", curve) == "line"
    describe(path, curve, Description(unit="MPa", axis=(0, 22), axis_unit="s"))
    curve = load_dataset(path)["curve"]
    assert completed("line", curve) == "line; t=0:22 [s]; value [MPa]"
    assert completed("a*t; t=0:1", curve) == "a*t; t=0:1; value [MPa]"
    uneven = tuple(float(i * i) for i in range(12))
    describe(path, curve, Description(axis=uneven, unit="%"))
    curve = load_dataset(path)["curve"]
    assert curve.axis == uneven
    assert axis_of(curve) == ""
    with pytest.raises(
        ConfigError, match=r"do not lie evenly along a rising axis \(from 0 to 121\)"
    ):
        completed("line; value [V]", curve)
    assert completed("line; t=0:2; value [V]", curve) == "line; t=0:2; value [V]"
    rounded = replace(curve, axis=tuple(np.linspace(0, 30, 12).round(2)), axis_unit="s")
    assert axis_of(rounded) == "t=0:30 [s]"
    assert axis_of(replace(rounded, axis=rounded.axis[::-1])) == ""


def test_known_physics_needs_some_curves_to_be_learned_from(path):
    dataset = load_dataset(path)
    with pytest.raises(ConfigError, match="at least 10 samples with that curve, got 9"):
        check_experts({"curve": "line"}, dataset)

"""Files are samples in the order in which a person counts them, on disk and in an archive."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from causalpima_core.data.readers import load_dataset
from causalpima_core.data.sources import natural_order

N = 12


def as_folder(place: Path) -> Path:
    return place


def as_archive(place: Path) -> Path:
    """Written in plain order, as most programs do."""
    with zipfile.ZipFile(place.with_suffix(".zip"), "w") as archive:
        for path in sorted(place.rglob("*.*"), key=str):
            archive.write(path, path.relative_to(place.parent).as_posix())
    return place.with_suffix(".zip")


BOTH = pytest.mark.parametrize("given_as", [as_folder, as_archive])


@pytest.fixture
def measured(tmp_path: Path) -> Path:
    """An image for each of twelve specimens, grey as its number, and arrays in that order."""
    images = tmp_path / "measured" / "micrograph"
    images.mkdir(parents=True)
    for number in range(1, N + 1):
        picture = np.full((6, 8), number, dtype=np.uint8)
        Image.fromarray(picture).save(images / f"specimen_{number}.png")
    np.save(images.parent / "stress.npy", np.arange(1.0, N + 1)[:, None] * [1.0, 2.0])
    return images.parent


@BOTH
def test_arrays_without_names_belong_to_the_images_of_their_numbers(measured, given_as: Callable):
    dataset = load_dataset(given_as(measured))
    assert list(dataset.sample_id) == [f"specimen_{number}" for number in range(1, N + 1)]
    np.testing.assert_array_equal(
        dataset["micrograph"].values[:, 0, 0, 0], dataset["stress"].values[:, 0]
    )
    (note,) = dataset.notes
    assert note.endswith("(specimen_1, specimen_2, specimen_3, …, specimen_12).")


@BOTH
def test_so_they_do_where_images_are_unpacked_to_disk(measured, cache, given_as: Callable):
    dataset = load_dataset(given_as(measured))
    np.testing.assert_array_equal(
        dataset["micrograph"].values[:, 0, 0, 0], dataset["stress"].values[:, 0]
    )


def test_a_manifest_keeps_its_own_order(measured):
    rows = [f"s{n},micrograph/specimen_{n}.png\n" for n in (11, 2, 1)]
    (measured / "manifest.csv").write_text("sample_id,photo\n" + "".join(rows))
    np.save(measured / "stress.npy", np.array([[11.0], [2.0], [1.0]]))
    dataset = load_dataset(measured)
    assert list(dataset.sample_id) == ["s11", "s2", "s1"]
    np.testing.assert_array_equal(
        dataset["photo"].values[:, 0, 0, 0], dataset["stress"].values[:, 0]
    )


@BOTH
def test_names_with_numbers_too_long_for_integers_are_read(tmp_path, given_as: Callable):
    place = tmp_path / "data"
    place.mkdir()
    for seed, name in enumerate(("9" * 200, "1" + "0" * 200, "٣", "A2", "a1", "²")):
        picture = np.random.default_rng(seed).integers(0, 255, (4, 4), dtype=np.uint8)
        Image.fromarray(picture).save(place / f"{name}.png")
    names = load_dataset(given_as(place)).sample_id.tolist()
    assert names.index("9" * 200) < names.index("1" + "0" * 200)
    assert names.index("٣") == 0


def test_a_number_longer_than_python_reads_is_compared():
    long = "9" * 60_000
    assert sorted([f"a{long}1", f"a{long}", "a8"], key=natural_order) == [
        "a8",
        f"a{long}",
        f"a{long}1",
    ]


@given(st.lists(st.integers(0, 10**30), min_size=2, unique=True), st.text())
def test_names_that_differ_by_a_number_are_ordered_by_it(numbers, word):
    names = [f"{word}-{number}.png" for number in numbers]
    expected = [f"{word}-{number}.png" for number in sorted(numbers)]
    assert sorted(names, key=natural_order) == expected


@given(st.lists(st.text(st.characters() | st.sampled_from("0١９²/ aA")), unique=True))
def test_every_set_of_names_has_one_order(names):
    ordered = sorted(names, key=natural_order)
    names.reverse()
    assert sorted(names, key=natural_order) == ordered

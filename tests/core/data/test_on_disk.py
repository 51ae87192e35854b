"""What is too large for memory is the same from every format, mapped or unpacked once."""

from __future__ import annotations

import os
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image

from causalpima_core.__main__ import main
from causalpima_core.data import stored
from causalpima_core.data.conversion import watching
from causalpima_core.data.multimodal import MultimodalDataset
from causalpima_core.data.readers import load_dataset
from causalpima_core.data.stored import StoredValues
from causalpima_core.errors import Cancelled, DataError

pytestmark = pytest.mark.usefixtures("cache")

N = 20


@pytest.fixture
def images(rng: np.random.Generator) -> np.ndarray:
    return rng.integers(0, 255, (N, 3, 8, 6)).astype(np.uint8)


def npy(folder: Path, images: np.ndarray) -> Path:
    np.save(folder / "photo.npy", images)
    return folder / "photo.npy"


def hdf5(**how: object) -> Callable[[Path, np.ndarray], Path]:
    def write(folder: Path, images: np.ndarray) -> Path:
        with h5py.File(folder / "a.h5", "w", **how.get("file", {})) as file:
            file.create_dataset("photo", data=images, **how.get("data", {}))
        return folder / "a.h5"

    return write


def folder_of_images(folder: Path, images: np.ndarray) -> Path:
    place = folder / "data"
    place.mkdir()
    for number, pixels in enumerate(images):
        Image.fromarray(np.moveaxis(pixels, 0, -1)).save(place / f"{number}.png")
    lines = [f"s{number},{number}.png,{number}" for number in range(len(images))]
    (place / "manifest.csv").write_text("\n".join(["sample_id,photo,size", *lines]))
    return place


def zipped(write: Callable[[Path, np.ndarray], Path], how: int = zipfile.ZIP_DEFLATED):
    def pack(folder: Path, images: np.ndarray) -> Path:
        inside = folder / "inside"
        inside.mkdir()
        made = write(inside, images)
        files = sorted(made.iterdir()) if made.is_dir() else [made]
        with zipfile.ZipFile(folder / "a.zip", "w", how) as archive:
            for file in files:
                archive.write(file, f"within/{file.name}")
        shutil.rmtree(inside)
        return folder / "a.zip"

    return pack


def npz(save: Callable) -> Callable[[Path, np.ndarray], Path]:
    def write(folder: Path, images: np.ndarray) -> Path:
        save(folder / "a.npz", photo=images)
        return folder / "a.npz"

    return write


IN_PLACE = {
    "npy": npy,
    "hdf5": hdf5(),
    "hdf5 after other data": hdf5(file={"userblock_size": 512}),
}
UNPACKED = {
    "hdf5 compressed": hdf5(data={"compression": "gzip", "chunks": (3, 3, 8, 6)}),
    "hdf5 in chunks": hdf5(data={"chunks": (7, 1, 4, 6)}),
    "folder": folder_of_images,
    "zip of images": zipped(folder_of_images),
    "zip of npy": zipped(npy),
    "zip of npz": zipped(npz(np.savez)),
    "zip of hdf5": zipped(hdf5()),
    "npz": npz(np.savez_compressed),
}
TWICE = {
    "zip of packed npz": zipped(npz(np.savez_compressed), zipfile.ZIP_STORED),
    "zip of packed hdf5": zipped(hdf5(data={"compression": "gzip"})),
}


def photo(dataset: MultimodalDataset) -> StoredValues:
    values = dataset["photo"].values
    assert isinstance(values, StoredValues)
    assert values.kept_as == np.uint8
    return values


@pytest.mark.parametrize("write", IN_PLACE.values(), ids=IN_PLACE)
def test_what_lies_in_one_piece_is_read_in_place(tmp_path, images, cache, write):
    np.testing.assert_array_equal(photo(load_dataset(write(tmp_path, images)))[:], images)
    assert not cache.exists()


@pytest.mark.parametrize("write", (UNPACKED | TWICE).values(), ids=UNPACKED | TWICE)
def test_what_is_packed_is_unpacked_once_and_tells_how_far_it_is(tmp_path, images, cache, write):
    path, told = write(tmp_path, images), []
    with watching(told.append):
        np.testing.assert_array_equal(photo(load_dataset(path))[:], images)
    assert told
    assert 0 <= min(told) <= max(told) <= 1
    made = {folder: folder.stat().st_ino for folder in cache.iterdir()}
    np.testing.assert_array_equal(photo(load_dataset(path))[:], images)
    assert {folder: folder.stat().st_ino for folder in cache.iterdir()} == made


def two_folders_of_images(folder: Path, images: np.ndarray) -> Path:
    """Without a manifest: each folder is a modality."""
    for name in ("photo", "other"):
        (folder / "data" / name).mkdir(parents=True)
        for number, pixels in enumerate(images):
            where = folder / "data" / name / f"{number}.png"
            Image.fromarray(np.moveaxis(pixels, 0, -1)).save(where)
    return folder / "data"


def two_columns_of_images(folder: Path, images: np.ndarray) -> Path:
    place = folder_of_images(folder, images)
    lines = [f"s{number},{number}.png,{number}.png" for number in range(len(images))]
    (place / "manifest.csv").write_text("\n".join(["sample_id,photo,other", *lines]))
    return place


def two_packed_datasets(folder: Path, images: np.ndarray) -> Path:
    with h5py.File(folder / "a.h5", "w") as file:
        for name in ("other", "photo"):
            file.create_dataset(name, data=images, compression="gzip", chunks=(3, 3, 8, 6))
    return folder / "a.h5"


@pytest.mark.parametrize(
    "write", [two_folders_of_images, two_columns_of_images, two_packed_datasets]
)
def test_how_far_it_is_only_rises_where_several_modalities_are_read(tmp_path, images, write):
    told: list[float] = []
    path = write(tmp_path, images)
    with watching(told.append):
        load_dataset(path)
    assert told == sorted(told)
    assert 0.5 in told  # where the second begins
    assert 0 <= told[0] <= told[-1] <= 1


@pytest.mark.parametrize("write", (UNPACKED | TWICE).values(), ids=UNPACKED | TWICE)
def test_it_can_be_stopped_and_nothing_half_is_left(tmp_path, images, cache, write):
    def stop(_share: float) -> None:
        raise Cancelled("Stopped on request.")

    path = write(tmp_path, images)
    with watching(stop), pytest.raises(Cancelled):
        load_dataset(path)
    assert list(cache.iterdir()) == []
    np.testing.assert_array_equal(photo(load_dataset(path))[:], images)


def test_a_folder_with_another_image_is_read_again_and_the_old_goes(tmp_path, images, cache):
    path = folder_of_images(tmp_path, images)
    load_dataset(path)
    before = list(cache.iterdir())
    Image.fromarray(np.moveaxis(images[0], 0, -1)).save(path / "5.png")
    os.utime(path / "5.png", (1, 1))
    values = photo(load_dataset(path))
    np.testing.assert_array_equal(values[5], images[0])
    assert len(list(cache.iterdir())) == 1
    assert list(cache.iterdir()) != before


def test_images_that_are_missing_stay_missing_and_those_there_stay_small(tmp_path, images):
    path = folder_of_images(tmp_path, images)
    manifest = (path / "manifest.csv").read_text()
    (path / "manifest.csv").write_text(manifest.replace(",4.png,", ",,"))
    dataset = load_dataset(path)
    values = photo(dataset)
    assert list(np.flatnonzero(~dataset["photo"].observed)) == [4]
    assert np.isnan(values[4]).all()
    np.testing.assert_array_equal(values[5:], images[5:])


def test_images_of_several_kinds_are_brought_to_one(tmp_path, images):
    path = folder_of_images(tmp_path, images)
    grey = images[7, 0]
    Image.fromarray(grey).save(path / "0.png")
    Image.fromarray(grey.astype(np.uint16) * 200).save(path / "9.png")
    values = load_dataset(path)["photo"].values
    assert values.shape == (N, 3, 8, 6)
    np.testing.assert_array_equal(values[0], np.repeat(grey[None], 3, 0))
    np.testing.assert_array_equal(values[9], np.repeat(grey[None], 3, 0) * 200.0)
    np.testing.assert_array_equal(values[10:], images[10:])


def test_the_same_from_memory(tmp_path, monkeypatch, images):
    path = folder_of_images(tmp_path, images)
    large = load_dataset(path).fingerprint()
    monkeypatch.setattr(stored, "LARGE", 2**30)
    small = load_dataset(path)
    assert isinstance(small["photo"].values, np.ndarray)
    assert small.fingerprint() == large


def test_samples_matched_by_name_are_left_on_disk(tmp_path, images):
    path = tmp_path / "data"
    path.mkdir()
    np.savez(path / "a.npz", photo=images, sample_id=np.array([f"s{i}" for i in range(N)]))
    order = [f"s{i}" for i in range(N)][::-1]
    (path / "manifest.csv").write_text(
        "sample_id,x\n" + "\n".join(f"{s},{k}" for k, s in enumerate([*order, "else"]))
    )
    dataset = load_dataset(path)
    values = dataset["photo"].values
    assert isinstance(values, StoredValues)
    np.testing.assert_array_equal(values[:N], images[::-1])
    assert np.isnan(values[N]).all()


def test_what_is_converted_keeps_its_type(tmp_path, images, capsys):
    assert main(["convert", str(npy(tmp_path, images)), "--out", str(tmp_path / "b.h5")]) == 0
    with h5py.File(tmp_path / "b.h5") as file:
        assert file["photo"].dtype == np.uint8
    np.testing.assert_array_equal(photo(load_dataset(tmp_path / "b.h5"))[:], images)


@pytest.mark.parametrize("write", [npy, hdf5()], ids=["npy", "hdf5"])
def test_one_that_is_cut_off_is_refused(tmp_path, images, write):
    path = write(tmp_path, images)
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(DataError, match=r"only part of one|a damaged one"):
        load_dataset(path)


def test_a_damaged_array_in_an_archive_is_named_and_nothing_is_left(tmp_path, images, cache):
    path = zipped(npy, zipfile.ZIP_STORED)(tmp_path, images)
    content = bytearray(path.read_bytes())
    content[1500] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"'within/photo.npy' in 'a.zip' is damaged"):
        load_dataset(path)
    assert list(cache.iterdir()) == []

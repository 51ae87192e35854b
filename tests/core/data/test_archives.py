"""Large arrays of archives are read where they lie, or unpacked once, whole or not at all."""

from __future__ import annotations

import os
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

from causalpima_core.__main__ import main
from causalpima_core.data import conversion
from causalpima_core.data.conversion import watching
from causalpima_core.data.readers import load_dataset
from causalpima_core.data.stored import StoredValues
from causalpima_core.errors import Cancelled, DataError

pytestmark = pytest.mark.usefixtures("cache")


@pytest.fixture
def images(rng: np.random.Generator) -> np.ndarray:
    return rng.integers(0, 255, (20, 3, 8, 8)).astype(np.uint8)


def packed(path: Path, **arrays: np.ndarray) -> Path:
    np.savez_compressed(path, **arrays)
    return path


def spoil(path: Path, where: int) -> None:
    content = bytearray(path.read_bytes())
    content[where] ^= 0xFF
    path.write_bytes(content)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_large_and_small_come_as_they_were_saved(tmp_path, rng, images, save, order):
    table = rng.normal(size=(20, 2))
    ids = np.array([f"s{i}" for i in range(20)])
    save(tmp_path / "a.npz", t=table, photo=np.asarray(images, order=order), sample_id=ids)
    dataset = load_dataset(tmp_path / "a.npz")
    assert dataset.names == ("t", "photo")
    assert list(dataset.sample_id) == list(ids)
    values = dataset["photo"].values
    assert isinstance(values, StoredValues)
    assert values.kept_as == np.uint8
    np.testing.assert_array_equal(values[:], images)
    np.testing.assert_array_equal(dataset["t"].values, table.astype(np.float32))


def test_an_archive_is_unpacked_once_and_tells_how_far_it_is(tmp_path, images, cache, monkeypatch):
    monkeypatch.setattr("causalpima_core.data.archives.COPIED_AT_ONCE", 1000)
    path, told = packed(tmp_path / "a.npz", photo=images), []
    for _ in range(2):
        with watching(told.append):
            load_dataset(path)
    assert told == sorted(set(told))
    assert len(told) > 3
    assert told[-1] == 1.0
    assert len(list(cache.iterdir())) == 1


def test_a_file_that_has_changed_is_unpacked_again_and_the_old_goes(tmp_path, images, cache):
    path = packed(tmp_path / "a.npz", photo=images)
    before = load_dataset(path).fingerprint()
    kept = list(cache.iterdir())
    packed(path, photo=images[::-1])
    os.utime(path, (1, 1))
    assert load_dataset(path).fingerprint() != before
    assert len(list(cache.iterdir())) == 1
    assert list(cache.iterdir()) != kept


def test_whoever_watches_can_stop_it_and_nothing_is_left(tmp_path, images, cache):
    def stop(_share: float) -> None:
        raise Cancelled("Stopped on request.")

    path = packed(tmp_path / "a.npz", photo=images)
    with watching(stop), pytest.raises(Cancelled):
        load_dataset(path)
    assert list(cache.iterdir()) == []
    load_dataset(path)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_a_damaged_array_is_named_and_nothing_is_left(tmp_path, images, cache, save):
    save(tmp_path / "a.npz", photo=images)
    spoil(tmp_path / "a.npz", 1500)
    with pytest.raises(DataError, match=r"Array 'photo' of 'a.npz' is damaged or cut off"):
        load_dataset(tmp_path / "a.npz")
    assert not cache.exists() or list(cache.iterdir()) == []


def test_an_array_that_claims_to_be_larger_than_it_is_is_refused(tmp_path, images):
    np.save(tmp_path / "a.npy", images)
    content = (tmp_path / "a.npy").read_bytes().replace(b"(20, 3, 8, 8)", b"(2048, 8192, 8192)", 1)
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("photo.npy", content)
    with pytest.raises(DataError, match="damaged or cut off"):
        load_dataset(tmp_path / "a.npz")


def test_without_room_to_unpack_it_says_how_much_is_needed(tmp_path, images, monkeypatch):
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(conversion, "SPARE_BYTES", usage.free)
    with pytest.raises(DataError, match=r"must be unpacked .* GiB are free in .*: make room"):
        load_dataset(packed(tmp_path / "a.npz", photo=images))


def test_the_command_line_tells_how_far_it_is_unless_it_is_to_be_quiet(tmp_path, images, capsys):
    path = str(packed(tmp_path / "a.npz", photo=images))
    fit = ["fit", path, "--states", "5,5,5", "--out", str(tmp_path / "run")]
    assert main(fit) == 2  # more outcomes than samples, which is known once the data are read
    assert "unpacking the data, 100%" in capsys.readouterr().err
    packed(Path(path), photo=images[::-1])
    assert main([*fit, "--quiet"]) == 2
    assert "unpacking" not in capsys.readouterr().err
    assert not (tmp_path / "run").exists()

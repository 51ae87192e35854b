"""Files of every promised form are read as they are; every broken one is one clear sentence."""

from __future__ import annotations

import logging
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from causalpima_core.data.multimodal import Kind
from causalpima_core.data.readers import READERS, load_dataset
from causalpima_core.errors import DataError


@pytest.fixture
def images(rng: np.random.Generator) -> np.ndarray:
    return rng.random((6, 3, 8, 8), dtype=np.float32)


def sentence(path: Path) -> str:
    """What is said of a file that cannot be used: one line, capital to full stop."""
    with pytest.raises(DataError) as caught:
        load_dataset(path)
    told = str(caught.value)
    assert "\n" not in told
    assert told[0] in "'ABCDEFGHIJKLMNOPQRSTUVWXYZs"
    assert told.endswith(".")
    return told


def write_npz(path: Path, **arrays: object) -> Path:
    np.savez(path, **arrays)
    return path


def write_csv(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


class TestNpz:
    def test_arrays_keep_names_values_and_kinds(self, tmp_path, images, rng):
        steps = rng.normal(size=(6, 40)).cumsum(1)
        path = write_npz(tmp_path / "a.npz", photo=images, trace=steps, t=rng.normal(size=(6, 2)))
        dataset = load_dataset(path)
        assert [(m.name, m.kind) for m in dataset.modalities] == [
            ("photo", Kind.IMAGE),
            ("trace", Kind.CURVE),
            ("t", Kind.TABLE),
        ]
        np.testing.assert_array_equal(dataset["photo"].values, images)
        assert list(dataset.sample_id) == list("012345")

    @pytest.mark.parametrize(
        ("given", "read"),
        [
            (np.array(["a", "b", "ç", "d", "e", "f"]), ["a", "b", "ç", "d", "e", "f"]),
            (np.array([b"a", b"b", b"c", b"d", b"e", b"f"]), list("abcdef")),
            (np.arange(10, 16), ["10", "11", "12", "13", "14", "15"]),
        ],
    )
    def test_sample_id_is_text(self, tmp_path, images, given, read):
        dataset = load_dataset(write_npz(tmp_path / "a.npz", photo=images, sample_id=given))
        assert list(dataset.sample_id) == read
        assert dataset.names == ("photo",)

    def test_a_row_of_nan_is_a_missing_modality(self, tmp_path, images, rng):
        table = rng.normal(size=(6, 3))
        table[2] = np.nan
        dataset = load_dataset(write_npz(tmp_path / "a.npz", photo=images, table=table))
        assert list(dataset["table"].observed) == [True, True, False, True, True, True]

    @pytest.mark.parametrize("suffix", [".truth.csv", ".metadata.csv"])
    def test_neighbour_is_metadata(self, tmp_path, images, suffix):
        path = write_npz(tmp_path / "a.npz", photo=images)
        table = pd.DataFrame({"sample": range(6), "hue": [0, 1] * 3, "batch": list("xxyyzz")})
        table.to_csv(path.with_suffix(suffix), index=False)
        metadata = load_dataset(path).metadata
        pd.testing.assert_frame_equal(metadata, table[["hue", "batch"]])

    def test_neighbour_follows_sample_ids_with_leading_zeros(self, tmp_path, images):
        ids = [f"00{i}" for i in range(6)]
        path = write_npz(tmp_path / "a.npz", photo=images, sample_id=np.array(ids))
        table = pd.DataFrame({"sample": ids, "hue": range(6)}).sample(frac=1, random_state=1)
        table.to_csv(path.with_suffix(".metadata.csv"), index=False)
        assert list(load_dataset(path).metadata["hue"]) == list(range(6))

    def test_neighbour_of_other_samples_is_left_out_and_said_so(self, tmp_path, images, caplog):
        path = write_npz(tmp_path / "a.npz", photo=images)
        pd.DataFrame({"hue": range(7)}).to_csv(path.with_suffix(".truth.csv"), index=False)
        with caplog.at_level(logging.WARNING):
            dataset = load_dataset(path)
        assert dataset.metadata.shape == (6, 0)
        assert "'a.truth.csv' is left out" in caplog.text

    @pytest.mark.parametrize(
        "content",
        [b"", b"not an archive", b"PK\x03\x04 broken", pickle.dumps([1, 2])],
        ids=["empty", "text", "broken zip", "pickle"],
    )
    def test_another_file_with_the_suffix(self, tmp_path, content):
        path = tmp_path / "a.npz"
        path.write_bytes(content)
        assert "'a.npz' is not an .npz file" in sentence(path)

    @pytest.mark.parametrize("share", [0.2, 0.5, 0.99])
    def test_a_file_cut_off(self, tmp_path, images, share):
        whole = write_npz(tmp_path / "whole.npz", photo=images).read_bytes()
        (tmp_path / "a.npz").write_bytes(whole[: int(share * len(whole))])
        assert "'a.npz'" in sentence(tmp_path / "a.npz")

    def test_a_damaged_array(self, tmp_path, images):
        path = write_npz(tmp_path / "a.npz", photo=images)
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 0xFF
        path.write_bytes(content)
        assert "Array 'photo' of 'a.npz' is damaged" in sentence(path)

    def test_a_single_array(self, tmp_path, images):
        with (tmp_path / "a.npz").open("wb") as file:
            np.save(file, images)
        assert "single array (.npy)" in sentence(tmp_path / "a.npz")

    def test_an_archive_without_arrays(self, tmp_path):
        assert "at least one modality" in sentence(write_npz(tmp_path / "a.npz"))

    def test_objects_are_refused_without_being_unpickled(self, tmp_path):
        class Trap:
            def __reduce__(self):
                return (Path.touch, (tmp_path / "sprung",))

        array = np.array([Trap(), Trap()], dtype=object)
        path = write_npz(tmp_path / "a.npz", photo=array)
        assert "Modality 'photo' is an array of Python objects (pickle)" in sentence(path)
        assert not (tmp_path / "sprung").exists()

    @pytest.mark.parametrize(
        ("array", "told"),
        [
            (np.ones((6, 2)) * 1j, "complex numbers"),
            (np.full((6, 2), "red"), "text"),
            (np.zeros((6, 5, 9, 9)), "1 to 4 channels"),
            (np.zeros((0, 3)), "is empty"),
            (np.full((6, 2), 7.0), "is constant (always 7)"),
            (np.zeros((6, 2, 2, 2, 2)), "expected (samples, values)"),
            (np.float64(3), "has shape ()"),
            (np.arange(6.0), "reshape it to (n, 1)"),
            (np.zeros((6, 2), dtype="datetime64[s]"), "datetime64[s]"),
        ],
    )
    def test_an_array_of_the_wrong_kind(self, tmp_path, images, array, told):
        path = write_npz(tmp_path / "a.npz", photo=images, bad=array)
        message = sentence(path)
        assert "'bad'" in message
        assert told in message

    @pytest.mark.parametrize(
        ("value", "told"), [(np.nan, "NaN in part of sample 4"), (np.inf, "infinite value")]
    )
    def test_a_value_that_is_no_number(self, tmp_path, rng, value, told):
        table = rng.normal(size=(6, 3))
        table[4, 1] = value
        assert told in sentence(write_npz(tmp_path / "a.npz", table=table))

    def test_different_sample_counts(self, tmp_path, images, rng):
        path = write_npz(tmp_path / "a.npz", photo=images, table=rng.normal(size=(5, 3)))
        assert "photo has 6, table has 5" in sentence(path)

    @pytest.mark.parametrize(
        "ids", [np.zeros((6, 1)), np.ones(6) * 1j, np.array(list("abcde"))], ids=str
    )
    def test_sample_ids_that_name_no_samples(self, tmp_path, images, ids):
        path = write_npz(tmp_path / "a.npz", photo=images, sample_id=ids)
        assert "sample_id has" in sentence(path)


class TestCsv:
    def test_curves_table_and_metadata_are_told_apart(self, tmp_path, rng):
        points = rng.normal(size=(5, 12))
        # written last to first: the number in the name decides, not the place
        frame = pd.DataFrame({f"stress[{i}]": points[:, i] for i in reversed(range(12))})
        frame.insert(0, "sample_id", ["01", "02", "03", "04", "05"])
        frame["density"] = rng.normal(size=5)
        frame["operator"] = ["Ann", "Bo", "Ann", "Bo", "Cy"]
        frame["annealed"] = [True, False, True, True, False]
        frame["cycles"] = range(5)
        path = tmp_path / "a.csv"
        frame.to_csv(path, index=False)

        dataset = load_dataset(path)
        assert [(m.name, m.kind) for m in dataset.modalities] == [
            ("stress", Kind.CURVE),
            ("table", Kind.TABLE),
        ]
        np.testing.assert_allclose(dataset["stress"].values, points, rtol=1e-6)
        assert all(m.values.flags.writeable for m in dataset.modalities)
        assert dataset["table"].columns == ("density", "cycles")
        assert list(dataset.sample_id) == ["01", "02", "03", "04", "05"]
        assert list(dataset.metadata.columns) == ["operator", "annealed"]

    def test_a_modality_may_be_missing_in_a_row(self, tmp_path):
        dataset = load_dataset(
            write_csv(tmp_path / "a.csv", "c[0],c[1],x,y\n1,2,3,4\n,,5,6\n7,8,,\n")
        )
        assert list(dataset["c"].observed) == [True, False, True]
        assert list(dataset["table"].observed) == [True, True, False]

    def test_a_byte_order_mark_is_not_part_of_the_first_name(self, tmp_path):
        path = tmp_path / "a.csv"
        path.write_text("x,y\n1,2\n3,4\n", encoding="utf-8-sig")
        assert load_dataset(path)["table"].columns == ("x", "y")

    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("", "'a.csv' is empty"),
            ("x,y\n", "a line per sample, got none"),
            ("x,y,x\n1,2,3\n4,5,6\n", "two columns called 'x'"),
            (",x\n0,1\n1,2\n", "Column 1 of 'a.csv' has no name"),
            ("x;y\n1;2\n3;4\n", "something other than commas"),
            ("x\ty\n1\t2\n3\t4\n", "something other than commas"),
            ("x,y\n1,2,3\n4,5,6\n", "Expected 2 fields in line 2, saw 3"),
            ("x,y\n1,2\n3,4,5\n", "as many cells in each line"),
            ("name,note\na,b\nc,d\n", "None of the columns (name, note) holds numbers"),
            ("x,y\n1,2\n3,\n5,6\n", "Column 'y' is empty in row 2"),
            ("x,y\n1,2\n3,inf\n5,6\n", "infinite value in sample 1"),
            ("x,y\n1,2\n3,n.d.\n5,6\n", "Column 'y' holds numbers except in row 2"),
            ("x\n3\n3\n3\n", "Modality 'table' is constant"),
            ("c[0],c[1],c[3]\n1,2,3\n4,5,6\n", "no 'c[2]'"),
            ("c[1],c[2]\n1,2\n4,5\n", "no 'c[0]'"),
            ("c[0],c[00]\n1,2\n4,5\n", "the same point of one curve"),
            ("c[0],c[1]\n1,2\n4,high\n", "Column 'c[1]' holds numbers except in row 2"),
            ("c[0],c[1]\n1,2\n4,5j\n", "Column 'c[1]' holds numbers except in row 2"),
            ("table[0],x\n1,2\n4,5\n", "rename one or the other"),
        ],
    )
    def test_what_is_wrong_is_said_with_its_place(self, tmp_path, text, told):
        assert told in sentence(write_csv(tmp_path / "a.csv", text))

    @pytest.mark.parametrize(
        "content", ["é,x\n1,2\n".encode("latin-1"), "x,y\n1,2\n3,4\n".encode("utf-16")]
    )
    def test_another_encoding(self, tmp_path, content):
        path = tmp_path / "a.csv"
        path.write_bytes(content)
        assert "is not text in UTF-8" in sentence(path)


class TestPath:
    def test_no_such_file(self, tmp_path):
        assert "There is no file" in sentence(tmp_path / "a.npz")

    @pytest.mark.parametrize("name", ["a.npz", "folder"])
    def test_an_empty_folder(self, tmp_path, name):
        (tmp_path / name).mkdir()
        assert "holds no file that can be read" in sentence(tmp_path / name)

    @pytest.mark.parametrize("name", ["a.xlsx", "a", "a.npz.gz"])
    def test_an_unknown_suffix_names_the_known_ones(self, tmp_path, name):
        (tmp_path / name).touch()
        told = sentence(tmp_path / name)
        assert all(suffix in told for suffix in READERS)

    def test_suffixes_in_capitals_are_the_same(self, tmp_path, images):
        write_npz(tmp_path / "a.npz", photo=images).rename(tmp_path / "A.NPZ")
        assert len(load_dataset(tmp_path / "A.NPZ")) == 6

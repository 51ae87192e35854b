"""Several files of the same samples become one dataset, and what does not match is said."""

from __future__ import annotations

import logging
import shutil
import unicodedata
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile
from PIL import Image
from torch import nn

from causalpima_core.data.images import LARGEST_SIDE, read_image
from causalpima_core.data.multimodal import Kind, MultimodalDataset
from causalpima_core.data.naming import check_modality_name
from causalpima_core.data.readers import load_dataset
from causalpima_core.data.sources import Source
from causalpima_core.errors import DataError

TABLE = "sample_id,x,y\na,1,2\nb,3,5\nc,4,9\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "data"
    place.mkdir()
    return place


def picture(path: Path, mode: str = "L", size: tuple[int, int] = (8, 6), seed: int = 0) -> None:
    bands = {"L": 1, "RGB": 3, "RGBA": 4}[mode]
    pixels = np.random.default_rng(seed).integers(0, 255, (size[1], size[0], bands), dtype=np.uint8)
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(pixels[..., 0] if bands == 1 else pixels).save(path)


def curve(path: Path, seed: int, points: int = 20) -> None:
    values = np.random.default_rng(seed).random(points)
    pd.DataFrame({"t [s]": range(points), "y [N]": values}).to_csv(path, index=False)


def refused(folder: Path) -> str:
    with pytest.raises(DataError) as caught:
        load_dataset(folder)
    assert str(caught.value).isprintable()
    return str(caught.value)


class TestMatching:
    def test_samples_are_matched_by_name_and_the_others_are_told(self, folder, caplog):
        (folder / "a.csv").write_text(TABLE)
        (folder / "curve.csv").write_text(
            "sample_id,"
            + ",".join(f"c[{i}]" for i in range(8))
            + "\n"
            + "".join(
                f"{s},{','.join(str(i * k) for i in range(8))}\n"
                for k, s in enumerate(["d", "c", "a"], 1)
            )
        )
        (folder / "metadata.csv").write_text("sample_id,hue\na,7\nz,8\nc,9\n")
        with caplog.at_level(logging.WARNING):
            dataset = load_dataset(folder)
        assert list(dataset.sample_id) == ["a", "b", "c", "d"]
        assert list(dataset["table"].observed) == [True, True, True, False]
        assert list(dataset["c"].observed) == [True, False, True, True]
        assert dataset["c"].values[:, 1].tolist()[0] == 3
        assert dataset["c"].values[3, 1] == 1
        np.testing.assert_array_equal(dataset.metadata["hue"], [7, np.nan, 9, np.nan])
        assert dataset.notes == (
            "'a.csv' has no measurements of 1 sample (d).",
            "'curve.csv' has no measurements of 1 sample (b).",
            "'metadata.csv' has no metadata of 2 samples (b, d).",
            "1 sample (z) of 'metadata.csv' occur nowhere else and are left out.",
        )
        assert all(note in caplog.text for note in dataset.notes)

    def test_files_without_names_are_taken_in_order_if_they_are_as_long(self, folder):
        (folder / "a.csv").write_text(TABLE)
        np.save(folder / "photo.npy", np.random.default_rng(0).random((3, 5, 5)))
        dataset = load_dataset(folder)
        assert dataset.names == ("table", "photo")
        assert "taken in the order of 'a.csv'" in dataset.notes[0]
        np.save(folder / "photo.npy", np.random.default_rng(0).random((4, 5, 5)))
        assert "'photo.npy' has 4 samples without names, 'a.csv' has 3" in refused(folder)

    def test_without_any_names_all_must_be_as_long(self, folder):
        for name, n in (("a", 3), ("b", 4)):
            np.save(folder / f"{name}.npy", np.random.default_rng(0).random((n, 2)))
        assert "'a.npy' has 3, 'b.npy' has 4" in refused(folder)

    def test_a_sample_that_occurs_twice(self, folder):
        (folder / "a.csv").write_text(TABLE)
        np.savez(
            folder / "b.npz",
            photo=np.random.default_rng(0).random((3, 4, 4)),
            sample_id=["a", "b", "a"],
        )
        assert "Sample 'a' occurs twice in 'b.npz'" in refused(folder)

    def test_two_files_with_one_modality(self, folder):
        (folder / "a.csv").write_text(TABLE)
        (folder / "b.csv").write_text(TABLE)
        assert "'a.csv' and 'b.csv' both hold a modality 'table'" in refused(folder)

    def test_metadata_alone(self, folder):
        (folder / "metadata.csv").write_text("sample_id,hue\na,7\nb,8\n")
        assert "got metadata only" in refused(folder)

    def test_full_stops_in_names_of_images_are_kept(self, folder):
        for name in ("T1.5_0", "T1_5_0", "T2.5_0"):
            picture(folder / "images" / f"{name}.png")
        (folder / "metadata.csv").write_text("sample_id,hue\nT1.5_0,7\nT1_5_0,8\nT2.5_0,9\n")
        dataset = load_dataset(folder)
        assert list(dataset.sample_id) == ["T1.5_0", "T1_5_0", "T2.5_0"]
        assert list(dataset.metadata["hue"]) == [7, 8, 9]
        assert dataset.notes == ()

    @pytest.mark.parametrize("written", ["NFC", "NFD"])
    def test_names_of_images_with_accents_match_those_of_tables(self, folder, written):
        other = {"NFC": "NFD", "NFD": "NFC"}[written]
        rows = []
        for i in range(3):
            picture(folder / "images" / unicodedata.normalize(other, f"Größe{i}.png"), seed=i)
            rows.append(unicodedata.normalize(written, f"Größe{i},{i}\n"))
        (folder / "metadata.csv").write_text("sample_id,hue\n" + "".join(rows))
        dataset = load_dataset(folder)
        assert list(dataset.sample_id) == ["Größe0", "Größe1", "Größe2"]
        assert list(dataset.metadata["hue"]) == [0, 1, 2]

    def test_files_of_another_kind_are_told(self, folder):
        (folder / "a.csv").write_text(TABLE)
        (folder / "setup.exe").write_text("")
        (folder / "README.md").write_text("")
        (folder / ".DS_Store").write_text("")
        assert load_dataset(folder).notes == (
            "1 files of another kind are left out ('setup.exe', …).",
        )


class TestManifest:
    def test_grey_and_colour_images_become_colour(self, folder):
        picture(folder / "p" / "a.png", "L")
        picture(folder / "p" / "b.png", "RGB")
        picture(folder / "p" / "c.png", "RGBA")
        (folder / "manifest.csv").write_text(
            "sample_id,photo,note\na,p/a.png,x\nb,p\\b.png,y\nc,./p/c.png,z\n"
        )
        dataset = load_dataset(folder)
        assert dataset["photo"].shape == (3, 6, 8)
        grey = dataset["photo"].values[0]
        np.testing.assert_array_equal(grey[0], grey[2])
        assert list(dataset.metadata["note"]) == ["x", "y", "z"]

    @pytest.mark.parametrize(("inside", "named"), [("NFD", "NFC"), ("NFC", "NFD")])
    def test_names_with_accents_are_found_however_they_are_written(self, folder, inside, named):
        manifest = "sample_id,photo\n"
        with zipfile.ZipFile(folder / "a.zip", "w") as archive:
            for i in range(2):
                picture(folder / "a.png", seed=i)
                name = unicodedata.normalize(inside, f"Maße/Größe{i}.png")
                archive.write(folder / "a.png", name)
                manifest += f"s{i},Maße/Größe{i}.png\n"
            archive.writestr("manifest.csv", unicodedata.normalize(named, manifest))
        dataset = load_dataset(folder / "a.zip")
        assert dataset["photo"].observed.all()
        assert dataset.notes == ()

    def test_images_that_no_row_names_are_told(self, folder):
        for name in "abc":
            picture(folder / f"{name}.png")
        (folder / "manifest.csv").write_text("sample_id,photo\na,a.png\nb,b.png\n")
        assert load_dataset(folder).notes == (
            "1 image files are not in 'manifest.csv' and are left out ('c.png', …).",
        )

    @pytest.fixture
    def curves(self, folder) -> Path:
        """Five listed curves of 20 points, beside which others may lie."""
        (folder / "curves").mkdir()
        for row in range(5):
            curve(folder / "curves" / f"T{row}.csv", row)
        rows = [f"s{row},curves/T{row}.csv,{row}\n" for row in range(5)]
        (folder / "manifest.csv").write_text("sample_id,stress,x\n" + "".join(rows))
        return folder / "curves"

    @pytest.mark.parametrize("points", [20, 7, 2])
    @pytest.mark.parametrize("archived", [False, True])
    def test_curves_that_no_row_names_are_told(self, curves, points, archived):
        expected = load_dataset(curves.parent)
        curve(curves / "T5.csv", 5, points)
        curve(curves / "T10.csv", 6, points)
        (curves / "T11.csv").write_text("t,y\n0,1\n1,\n")
        np.save(curves / "T12.npy", np.stack([np.arange(points), np.arange(points) ** 2]))
        path = curves.parent
        if archived:
            path = Path(shutil.make_archive(str(path), "zip", path))
        dataset = load_dataset(path)
        assert dataset.notes == (
            "4 curve files are not in 'manifest.csv' and are left out ('curves/T5.csv', …).",
        )
        assert dataset.fingerprint() == expected.fingerprint()

    def test_also_where_a_curve_has_as_many_points_as_there_are_samples(self, folder):
        for row in range(6):
            curve(folder / f"{row}.csv", row, points=5)
        rows = [f"s{row},{row}.csv\n" for row in range(5)]
        (folder / "manifest.csv").write_text("sample_id,stress\n" + "".join(rows))
        dataset = load_dataset(folder)
        assert dataset.names == ("stress",)
        assert "('5.csv', …)" in dataset.notes[0]

    def test_measurements_of_all_samples_beside_them_are_read(self, curves):
        rng = np.random.default_rng(0)
        np.save(curves / "photo.npy", rng.random((5, 4, 4)))
        np.save(curves / "strength.npy", rng.random(5))
        (curves / "hardness.csv").write_text("h[0]\n3\n1\n4\n1\n5\n")
        (curves / "mass.csv").write_text("sample_id,m[0]\ns4,4\ns0,7\n")
        (curves / "metadata.csv").write_text("sample_id,hue\ns0,7\n")
        dataset = load_dataset(curves.parent)
        assert set(dataset.names) == {"stress", "table", "photo", "strength", "h", "m"}
        assert dataset["m"].values[[0, 4], 0].tolist() == [7, 4]
        assert dataset.metadata["hue"][0] == 7
        assert not any("curve files" in note for note in dataset.notes)

    @pytest.mark.parametrize(
        ("manifest", "told"),
        [
            ("name,photo\na,a.png\n", "no column sample_id"),
            ("sample_id,photo\na,a.png\nb,gone.png\n", "'gone.png' in row 2 below the header"),
            ("sample_id,photo\na,a.png\nb,b.gif\n", "'b.gif' in row 2 below the header"),
            (
                "sample_id,photo\na,a.png\nb,wide.png\n",
                "'wide.png' has 9 × 6 pixels, 'a.png' 8 × 6",
            ),
            ("sample_id,photo\na,a.png\nb,c.csv\n", "mixes images ('a.png') and other files"),
            ("sample_id,photo\na,a.png\n,b.png\n", "names no sample in row 2"),
            ("sample_id,c\na,c.csv\nb,d.csv\n", "'d.csv' has 2 points, 'c.csv' 3"),
            ("sample_id,c\na,c.csv\nb,e.csv\n", "'e.csv' is measured at other points"),
            ("sample_id,c\na,c.csv\nb,f.csv\n", "'f.csv' has an empty or infinite cell in row 2"),
            ("sample_id,c\na,c.csv\nb,g.csv\n", "'g.csv' holds words"),
        ],
    )
    def test_problems_have_file_and_row(self, folder, manifest, told):
        for name, size in (("a", (8, 6)), ("b", (8, 6)), ("wide", (9, 6))):
            picture(folder / f"{name}.png", size=size)
        for name, text in (
            ("c", "t,y\n0,1\n1,2\n2,3\n"),
            ("d", "t,y\n0,1\n1,2\n"),
            ("e", "t,y\n0,1\n1,2\n3,3\n"),
            ("f", "t,y\n0,1\n1,\n2,3\n"),
            ("g", "t,y\n0,1\n1,b\n2,3\n"),
        ):
            (folder / f"{name}.csv").write_text(text)
        (folder / "manifest.csv").write_text(manifest)
        assert told in refused(folder)


class TestImages:
    def read(self, folder: Path, name: str) -> np.ndarray:
        return read_image(Source.of_file(folder / name)).pixels

    @pytest.mark.parametrize("compression", [None, "zlib"])
    def test_pages_are_channels_up_to_four(self, folder, compression):
        pages = np.random.default_rng(0).integers(0, 2**16, (3, 6, 8)).astype(np.uint16)
        tifffile.imwrite(folder / "a.tif", pages, photometric="minisblack", compression=compression)
        np.testing.assert_array_equal(self.read(folder, "a.tif"), pages)

    def test_more_pages_are_a_depth_and_averaged(self, folder):
        pages = np.random.default_rng(0).random((7, 6, 8)).astype(np.float32)
        tifffile.imwrite(folder / "a.tif", pages, photometric="minisblack")
        found = read_image(Source.of_file(folder / "a.tif"))
        np.testing.assert_allclose(found.pixels[0], pages.mean(0), rtol=1e-6)
        assert found.channels == ("mean of 7 pages",)

    @pytest.mark.parametrize("compression", ["packbits", "tiff_lzw", "jpeg", "group4"])
    def test_compressions_of_other_programs(self, folder, compression):
        pixels = np.random.default_rng(0).integers(0, 2, (16, 16)).astype(np.uint8) * 255
        image = Image.fromarray(pixels)
        (image.convert("1") if compression == "group4" else image).save(
            folder / "a.tif", compression=compression
        )
        read = self.read(folder, "a.tif")
        assert read.shape == (1, 16, 16)
        assert np.abs(read[0].astype(int) - pixels).mean() < 12  # JPEG loses some

    def test_sixteen_bit_png_keeps_its_numbers(self, folder):
        pixels = np.random.default_rng(0).integers(0, 2**16, (6, 8)).astype(np.uint16)
        Image.fromarray(pixels).save(folder / "a.png")
        np.testing.assert_array_equal(self.read(folder, "a.png")[0], pixels)

    def test_a_palette_becomes_colours(self, folder):
        image = Image.new("P", (4, 4), 1)
        image.putpalette([0, 0, 0, 200, 100, 50])
        image.save(folder / "a.png")
        assert self.read(folder, "a.png")[:, 0, 0].tolist() == [200, 100, 50]

    def test_large_images_are_reduced_by_a_whole_factor_and_said_so(self, folder):
        side = 3 * LARGEST_SIDE
        pixels = np.random.default_rng(0).integers(0, 255, (side, side)).astype(np.uint8)
        Image.fromarray(pixels).save(folder / "a.png")
        Image.fromarray(pixels[::-1]).save(folder / "b.png")
        dataset: MultimodalDataset = load_dataset(folder)
        (modality,) = dataset.modalities
        assert (modality.kind, modality.shape) == (Kind.IMAGE, (1, LARGEST_SIDE, LARGEST_SIDE))
        np.testing.assert_allclose(modality.values[0, 0, 0, 0], pixels[:3, :3].mean(), rtol=1e-6)
        assert f"from {side} × {side} to {LARGEST_SIDE} × {LARGEST_SIDE} pixels" in dataset.notes[0]


class TestLongForm:
    def test_numbers_that_stay_are_a_table(self, folder):
        rows = [
            (s, t, t * k, k + 0.5, w)
            for k, (s, w) in enumerate(["ax", "by", "cx"], 1)
            for t in range(8)
        ]
        frame = pd.DataFrame(rows, columns=["sample_id", "t [s]", "u [V]", "mass [g]", "who"])
        frame.to_csv(folder.parent / "a.tsv", sep="\t", index=False)
        dataset = load_dataset(folder.parent / "a.tsv")
        assert dataset["u"].values.tolist() == [[t * k for t in range(8)] for k in (1, 2, 3)]
        assert (dataset["u"].unit, dataset["u"].axis_unit) == ("V", "s")
        assert dataset["table"].columns == ("mass [g]",)
        assert list(dataset.metadata["who"]) == ["x", "y", "x"]

    @pytest.mark.parametrize(
        ("rows", "told"),
        [
            ("a,0,1\na,1,2\nb,0,3\n", "Sample 'a' has 2 rows in 'a.csv', sample 'b' has 1"),
            ("a,0,1\na,1,2\nb,0,3\nb,2,4\n", "Sample 'b' of 'a.csv' is measured at other points"),
            ("a,0,1\na,0,1\nb,0,3\nb,0,3\n", "name every sample once"),
        ],
    )
    def test_what_does_not_fit(self, folder, rows, told):
        (folder.parent / "a.csv").write_text(f"sample_id,t,y\n{rows}")
        assert told in refused(folder.parent / "a.csv")


@pytest.mark.parametrize("name", ["values", "type", "a.b", "x" * 61, "_x", " ", "tab\tin"])
def test_names_that_the_program_cannot_keep(folder, name):
    np.savez(folder.parent / "a.npz", **{name: np.random.default_rng(0).random((4, 2))})
    assert "modality" in refused(folder.parent / "a.npz").lower()


def test_netcdf_without_its_packages_is_one_sentence(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "xarray", None)
    example = Path(__file__).parents[3] / "assets" / "formats" / "arrays.nc"
    assert "pip install 'causalpima[netcdf]'" in refused(example)


def test_names_of_parameter_containers_are_all_refused():
    for attribute in {*dir(nn.ModuleDict()), *dir(nn.ParameterDict())}:
        with pytest.raises(DataError):
            check_modality_name(attribute)


def test_the_folder_one_is_in_can_be_given(tmp_path, monkeypatch):
    for seed, name in enumerate(("a", "b")):
        pixels = np.random.default_rng(seed).integers(0, 255, (8, 8), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{name}.png")
    monkeypatch.chdir(tmp_path)
    assert load_dataset(".").sample_id.tolist() == ["a", "b"]

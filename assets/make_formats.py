"""Makes the small example files in `assets/formats`: ``python -m assets.make_formats``.

Twelve tensile tests of two alloys, each with a stress-strain curve, a micrograph and two numbers;
one test has no micrograph. Every file is written with plain libraries, as a lab's script would.
"""

from __future__ import annotations

import io
import shutil
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import tifffile
import xarray as xr
from numpy.typing import NDArray
from PIL import Image

OUT = Path(__file__).parent / "formats"
SAMPLES, POINTS, SIDE = 12, 16, 12
EPOCH = (2020, 1, 1, 0, 0, 0)
"""Time stamp of files in archives, so that the same script gives the same bytes."""


class Tests:
    """The measurements, drawn once."""

    def __init__(self) -> None:
        """Draw them."""
        rng = np.random.default_rng(7)
        self.ids = [f"T{i:02}" for i in range(1, SAMPLES + 1)]
        self.alloy = np.array(["A", "B"])[np.arange(SAMPLES) % 2]
        hard = (self.alloy == "B").astype(float)
        self.strain = np.round(np.linspace(0, 3, POINTS), 3)
        limit = (180 + 90 * hard + rng.normal(0, 8, SAMPLES))[:, None]
        self.stress = np.round(limit * np.tanh(self.strain / 0.8), 1)
        self.density = np.round(2.7 + 0.3 * hard + rng.normal(0, 0.02, SAMPLES), 3)
        self.hardness = np.round(60 + 25 * hard + rng.normal(0, 3, SAMPLES), 1)
        self.image = self._micrographs(rng, hard)

    def _micrographs(self, rng: np.random.Generator, hard: NDArray) -> NDArray[np.uint8]:
        """Grains: fine in one alloy, coarse in the other; shape ``(n, side, side)``."""
        y, x = np.mgrid[:SIDE, :SIDE]
        fine = np.sin(x * 2.2) * np.sin(y * 2.2)
        coarse = np.sin(x * 0.8) * np.sin(y * 0.8)
        grains = np.where(hard[:, None, None] > 0, fine, coarse)
        noisy = 128 + 90 * grains + rng.normal(0, 10, (SAMPLES, SIDE, SIDE))
        return noisy.clip(0, 255).astype(np.uint8)

    def metadata(self) -> pd.DataFrame:
        """What is not trained on."""
        return pd.DataFrame({"sample_id": self.ids, "alloy": self.alloy})

    def wide(self) -> pd.DataFrame:
        """A row per sample."""
        curve = pd.DataFrame(self.stress, columns=[f"stress[{i}] [MPa]" for i in range(POINTS)])
        numbers = {"density [g/cm³]": self.density, "hardness [HV]": self.hardness}
        return pd.concat([self.metadata(), curve, pd.DataFrame(numbers)], axis=1)

    def long(self) -> pd.DataFrame:
        """A row per point of each curve."""
        return pd.DataFrame(
            {
                "sample_id": np.repeat(self.ids, POINTS),
                "strain [%]": np.tile(self.strain, SAMPLES),
                "stress [MPa]": self.stress.ravel(),
                "alloy": np.repeat(self.alloy, POINTS),
            }
        )


def main() -> None:
    """Write every file anew."""
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir()
    tests = Tests()
    _tables(tests)
    _arrays(tests)
    _hdf5(tests)
    _netcdf(tests)
    _mudata(tests)
    _archive(tests)
    _folder(tests)


def _tables(tests: Tests) -> None:
    tests.wide().to_csv(OUT / "wide.csv", index=False)
    tests.wide().to_csv(OUT / "wide.tsv", index=False, sep="\t")
    tests.wide().to_parquet(OUT / "wide.parquet", index=False)
    tests.long().to_csv(OUT / "long.csv", index=False)
    tests.long().to_parquet(OUT / "long.parquet", index=False)


def _arrays(tests: Tests) -> None:
    image = tests.image.astype(np.float32)
    image[3] = np.nan  # not measured
    np.savez_compressed(
        OUT / "arrays.npz",
        sample_id=np.array(tests.ids),
        stress=tests.stress.astype(np.float32),
        image=image,
        table=np.stack([tests.density, tests.hardness], axis=1),
    )
    tests.metadata().to_csv(OUT / "arrays.metadata.csv", index=False)
    (OUT / "arrays.units.json").write_text(
        '{"stress": {"unit": "MPa", "axis": [0, 3], "axis_unit": "%"}, '
        '"image": {"channels": ["brightness"]}}\n'
    )
    np.save(OUT / "stress.npy", tests.stress.astype(np.float32))


def _hdf5(tests: Tests) -> None:
    with h5py.File(OUT / "arrays.h5", "w") as file:
        stress = file.create_dataset("stress", data=tests.stress.astype(np.float32))
        stress.attrs.update(kind="curve", unit="MPa", axis=tests.strain, axis_unit="%")
        image = file.create_dataset("image", data=tests.image)
        image.attrs["channels"] = ["brightness"]
        table = file.create_dataset("table", data=np.stack([tests.density, tests.hardness], 1))
        table.attrs["columns"] = ["density [g/cm³]", "hardness [HV]"]
        file["sample_id"] = tests.ids
        file["metadata/alloy"] = tests.alloy.tolist()


def _netcdf(tests: Tests) -> None:
    data = xr.Dataset(
        {
            "stress": (("sample", "strain"), tests.stress, {"units": "MPa"}),
            "image": (("sample", "row", "column"), tests.image),
            "density": (("sample",), tests.density, {"units": "g/cm³"}),
            "hardness": (("sample",), tests.hardness, {"units": "HV"}),
            "alloy": (("sample",), tests.alloy.tolist()),
        },
        {"sample": tests.ids, "strain": (("strain",), tests.strain, {"units": "%"})},
    )
    data.to_netcdf(OUT / "arrays.nc", engine="h5netcdf")


def _mudata(tests: Tests) -> None:
    """The published layout of MuData 0.1, written without that library."""
    numbers = np.stack([tests.density, tests.hardness], axis=1)
    with h5py.File(OUT / "modalities.h5mu", "w") as file:
        file.attrs.update({"encoding-type": "MuData", "encoding-version": "0.1.0"})
        _frame(file, "obs", tests.ids, alloy=tests.alloy.tolist())
        names = [f"stress at {t:g} %" for t in tests.strain]
        for name, values, columns in (
            ("mechanics", tests.stress, names),
            ("bulk", numbers, ["density", "hardness"]),
        ):
            group = file.create_group(f"mod/{name}")
            group.attrs.update({"encoding-type": "anndata", "encoding-version": "0.1.0"})
            matrix = group.create_dataset("X", data=values)
            matrix.attrs.update({"encoding-type": "array", "encoding-version": "0.2.0"})
            _frame(group, "obs", tests.ids)
            _frame(group, "var", columns)


def _frame(parent: h5py.Group, name: str, index: list[str], **columns: list[str]) -> None:
    group = parent.create_group(name)
    group.attrs.update({"encoding-type": "dataframe", "encoding-version": "0.2.0"})
    group.attrs["_index"] = "_index"
    group.attrs["column-order"] = np.array(list(columns), dtype=h5py.string_dtype())
    for key, words in {"_index": index, **columns}.items():
        item = group.create_dataset(key, data=words, dtype=h5py.string_dtype())
        item.attrs.update({"encoding-type": "string-array", "encoding-version": "0.2.0"})


def _archive(tests: Tests) -> None:
    """Images and curves as files of their own, and a manifest that names them."""
    manifest = tests.metadata()
    manifest["image"] = [f"images/{name}.png" for name in tests.ids]
    manifest.loc[3, "image"] = None  # not measured
    manifest["stress"] = [f"curves/{name}.csv" for name in tests.ids]
    manifest["density [g/cm³]"], manifest["hardness [HV]"] = tests.density, tests.hardness
    files = {"manifest.csv": manifest.to_csv(index=False).encode()}
    for name, pixels, curve in zip(tests.ids, tests.image, tests.stress, strict=True):
        if name != "T04":
            buffer = io.BytesIO()
            Image.fromarray(pixels).save(buffer, "PNG", optimize=True)
            files[f"images/{name}.png"] = buffer.getvalue()
        frame = pd.DataFrame({"strain [%]": tests.strain, "stress [MPa]": curve})
        files[f"curves/{name}.csv"] = frame.to_csv(index=False).encode()
    with zipfile.ZipFile(OUT / "manifest.zip", "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, EPOCH), content, zipfile.ZIP_DEFLATED)


def _folder(tests: Tests) -> None:
    """A folder without a manifest: images by the samples' names, a table, metadata."""
    place = OUT / "folder"
    (place / "micrograph").mkdir(parents=True)
    for name, pixels in zip(tests.ids[:4], tests.image[:4], strict=True):
        deep = pixels.astype(np.uint16) * 256  # 16 bit, as microscopes write
        path = place / "micrograph" / f"{name}.tif"
        tifffile.imwrite(path, deep, compression="zlib", metadata=None, software="")
    tests.wide().drop(columns="alloy").iloc[:4].to_csv(place / "tests.csv", index=False)
    tests.metadata().iloc[:4].to_csv(place / "metadata.csv", index=False)


if __name__ == "__main__":
    main()

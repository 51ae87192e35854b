"""What a cell says is kept: numbers are trained on, and what only looks like one is refused."""

from __future__ import annotations

from datetime import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from causalpima_core.data.readers import load_dataset
from causalpima_core.errors import DataError

LONG = [(s, t, t * k) for k, s in enumerate("abc", 1) for t in range(8)]


def refused(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        load_dataset(path)
    assert str(caught.value).isprintable()
    return str(caught.value)


def column(cells: list[str]) -> str:
    """A table as text whose column ``force`` holds these."""
    rows = "".join(f"x{i}\t{2 * i}\t{cell}\n" for i, cell in enumerate(cells))
    return f"sample_id\tmass\tforce\n{rows}"


class TestNumbersThatAreRead:
    @pytest.mark.parametrize(
        "cells",
        [
            ["0,0", "1,1", "2,2", "3,25"],
            ["0,5", "1", "1,5", "2"],
            ["0,5", "", "-1,5e3", "n.d."],
            ["1,200", "1,350.5", "12,000,000", "900"],
            ["1.200,5", "1.350,25", "900,0", "2.000.000,1"],
        ],
    )
    def test_with_commas_are_not_taken_for_words(self, tmp_path, cells):
        path = tmp_path / "decint.tsv"
        path.write_text(column(cells))
        told = f"Column 'force' of 'decint.tsv' holds numbers with commas ('{cells[0]}')"
        assert told in refused(path)

    def test_in_quotes_neither(self, tmp_path):
        path = tmp_path / "a.csv"
        path.write_text(column(['"0,5"', '"1,5"', '"2,5"']).replace("\t", ","))
        assert "Column 'force' of 'a.csv' holds numbers with commas ('0,5')" in refused(path)

    @pytest.mark.parametrize("cells", [["5%", "7.5 %", "-1%"], ["0,5%", "1,5%", "20%"]])
    def test_nor_with_percent_signs(self, tmp_path, cells):
        path = tmp_path / "a.tsv"
        path.write_text(column(cells))
        assert f"holds numbers with percent signs ('{cells[0]}')" in refused(path)

    def test_in_long_form_and_in_curves(self, tmp_path):
        rows = "".join(f"{s}\t{t}\t{t},{k}\n" for s, t, k in LONG)
        (tmp_path / "long.tsv").write_text(f"sample_id\tt\ty\n{rows}")
        assert "Column 'y' of 'long.tsv' holds numbers with commas" in refused(
            tmp_path / "long.tsv"
        )
        (tmp_path / "curve.tsv").write_text("c[0]\tc[1]\n1\t0,5\n2\t1,5\n3\t2,5\n")
        told = refused(tmp_path / "curve.tsv")
        assert "Column 'c[1]' of 'curve.tsv' holds numbers with commas ('0,5')" in told
        assert "metadata" not in told

    @pytest.mark.parametrize("cells", [["1,1,0", "1,0,0", "1,1,1"], ["a1,5", "b2,5", "c3,5"]])
    def test_what_is_no_number_stays_metadata(self, tmp_path, cells):
        (tmp_path / "a.tsv").write_text(column(cells))
        dataset = load_dataset(tmp_path / "a.tsv")
        assert list(dataset.metadata["force"]) == cells
        assert dataset["table"].columns == ("mass",)

    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("a.csv", "sample_id;force\nx0;0,5\nx1;1,5\n"),
            ("a.csv", "sample_id\tforce\nx0\t0,5\nx1\t1,5\n"),
            ("a.tsv", "sample_id;force\nx0;0,5\t1\nx1;1,5\n"),
        ],
    )
    def test_other_separators_are_told_before_the_cells(self, tmp_path, name, text):
        (tmp_path / name).write_text(text)
        assert "separates its cells by something other than" in refused(tmp_path / name)


class TestTrueAndFalse:
    def test_with_a_gap_are_metadata(self, tmp_path):
        (tmp_path / "a.csv").write_text("x,annealed\n1,True\n2,\n3,False\n")
        dataset = load_dataset(tmp_path / "a.csv")
        assert dataset["table"].columns == ("x",)
        assert list(dataset.metadata["annealed"].dropna()) == [True, False]

    def test_in_parquet_too(self, tmp_path):
        frame = pd.DataFrame({"x": [1.0, 2, 3], "annealed": pd.array([True, None, False])})
        frame.to_parquet(tmp_path / "a.parquet")
        dataset = load_dataset(tmp_path / "a.parquet")
        assert dataset["table"].columns == ("x",)
        assert list(dataset.metadata["annealed"].dropna()) == [True, False]

    def test_in_long_form_too(self, tmp_path):
        known = {"a": "True", "b": "", "c": "False"}
        rows = "".join(f"{s},{t},{y},{known[s]}\n" for s, t, y in LONG)
        (tmp_path / "a.csv").write_text(f"sample_id,t,y,annealed\n{rows}")
        dataset = load_dataset(tmp_path / "a.csv")
        assert dataset.names == ("y",)
        assert list(dataset.metadata["annealed"].dropna()) == [True, False]


class TestCellsOfParquet:
    def test_times_of_day_are_metadata(self, tmp_path):
        times = [time(9, 30), time(10, 15), None]
        frame = pd.DataFrame({"x": [1.0, 2, 3], "begun": pd.Series(times, dtype=object)})
        frame.to_parquet(tmp_path / "a.parquet")
        dataset = load_dataset(tmp_path / "a.parquet")
        assert dataset["table"].columns == ("x",)
        assert list(dataset.metadata["begun"][:2]) == times[:2]

    def test_bytes_are_called_bytes(self, tmp_path):
        pd.DataFrame({"x": [1.0, 2], "raw": [b"\0", b"\1"]}).to_parquet(tmp_path / "a.parquet")
        assert "Column 'raw' of 'a.parquet' holds bytes" in refused(tmp_path / "a.parquet")


def test_an_empty_cell_of_the_axis_is_called_so(tmp_path):
    frame = pd.DataFrame(LONG, columns=["sample_id", "t", "y"])
    frame.loc[10, "t"] = np.nan
    frame.to_csv(tmp_path / "a.csv", index=False)
    assert "The axis 't' of 'a.csv' is empty in row 11 below the header" in refused(
        tmp_path / "a.csv"
    )

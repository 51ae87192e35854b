"""What pages read is read anew when it has changed, and told apart from what a run was made of."""

from __future__ import annotations

import os
import time

import numpy as np
import pandas as pd
import pytest

from app.services import uploads
from app.services.loaders import dataset_at, dataset_of, result_of
from app.state import LONGEST_SELECTION, encode_rows
from causalpima_core.data.units import Description, descriptions
from causalpima_core.runs.records import RunState
from tests.app.conftest import Open
from tests.app.synthetic import SAMPLES, write_dataset, write_run


def test_corrected_values_are_not_shown_as_those_of_the_run():
    data = write_dataset("some", 1)
    folder = write_run(data, RunState.FINISHED)
    later = time.time() + 60
    os.utime(data, (later, later))  # written again, with nothing changed
    assert dataset_of(folder, result_of(folder))[0] is not None
    with np.load(data) as held:
        arrays = dict(held)
    np.savez(data, **{name: values + 1 for name, values in arrays.items()})
    os.utime(data, (later + 1, later + 1))
    assert dataset_of(folder, result_of(folder)) == (
        None,
        "The data file has changed since the run.",
    )


def test_a_run_of_data_in_memory_takes_nothing_from_the_current_folder(monkeypatch):
    data = write_dataset("some", 1)
    folder = write_run(data, RunState.FINISHED)
    monkeypatch.chdir(data.parent)
    config = folder.config()
    nowhere = config.dataset.model_copy(update={"path": "", "name": "in memory"})
    text = config.model_copy(update={"dataset": nowhere}).model_dump_json()
    (folder.path / "config.json").write_text(text)
    assert dataset_of(folder, result_of(folder)) == (
        None,
        "The run was made from data in memory.",
    )


def test_metadata_laid_beside_the_data_later_are_seen():
    data = write_dataset("some", 1)
    data.with_suffix(".truth.csv").unlink()
    assert dataset_at(data).metadata.empty
    batches = pd.DataFrame({"batch": np.arange(SAMPLES) % 3})
    batches.to_csv(data.with_suffix(".metadata.csv"), index=False)
    assert list(dataset_at(data).metadata["batch"]) == list(batches["batch"])


def test_an_axis_stays_when_the_unit_is_changed():
    data = write_dataset("some", 1)
    uploads.state_meaning(data, dataset_at(data)["curve"], {"start": "0", "stop": "30"})
    curve = dataset_at(data)["curve"]
    start, stop = uploads.ends_of(curve)
    uploads.state_meaning(data, curve, {"start": start, "stop": stop, "unit": "MPa"})
    assert descriptions(data)["curve"] == Description(
        unit="MPa", axis=(0.0, 30.0), scale=curve.scale
    )


@pytest.mark.parametrize("n_rows", [10, 60_000])
def test_only_a_short_selection_is_in_the_url(open_page: Open, n_rows):
    write_run(write_dataset("some", 1), RunState.FINISHED)
    rows = np.flatnonzero(np.random.default_rng(0).random(2 * n_rows) < 0.5)
    chosen = encode_rows(rows.tolist())
    app = open_page("latent", run="a-run")
    app.session_state["samples"] = chosen
    app.run()
    assert not app.exception
    assert app.session_state["samples"] == chosen
    assert ("samples" in app.query_params) == (len(chosen) <= LONGEST_SELECTION)

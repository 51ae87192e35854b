"""Runs with a result that figures and reports can be made of."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from causalpima_core.runs.records import RunState
from causalpima_core.runs.store import RunFolder
from tests.app.synthetic import write_dataset, write_run

Reported = Callable[..., RunFolder]


@pytest.fixture
def reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Reported:
    """Make a run with so many states and modalities."""
    monkeypatch.setenv("CAUSALPIMA_WORKSPACE", str(tmp_path / "workspace"))

    def make(
        states: tuple[int, ...] = (2, 2, 2), modalities: int = 3, *, with_law: bool = False
    ) -> RunFolder:
        data = write_dataset("some", modalities)
        return write_run(data, RunState.FINISHED, states, with_law=with_law)

    return make


def add_metadata(folder: RunFolder, columns: dict[str, list]) -> None:
    """Columns beside the run's data, one value per sample."""
    path = Path(folder.config().dataset.path)
    pd.DataFrame(columns).to_csv(path.with_suffix(".metadata.csv"), index=False)

"""Importing what the pages poll stays cheap: measured in a fresh process, not read off files."""

from __future__ import annotations

import subprocess
import sys

import pytest

CORE = "causalpima_core"


def imported_by(*modules: str) -> set[str]:
    """Top-level packages loaded after importing ``modules`` in a new process."""
    script = f"import sys, {', '.join(modules)}; print(*{{n.split('.')[0] for n in sys.modules}})"
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return set(ended.stdout.split())


def test_what_is_polled_loads_no_torch():
    polled = ("records", "results", "store", "supervisor", "workspace", "creation", "exports")
    loaded = imported_by(
        CORE, f"{CORE}.config", f"{CORE}.errors", *(f"{CORE}.runs.{name}" for name in polled)
    )
    assert not loaded & {"torch", "sklearn", "streamlit", "plotly", "app"}


def test_the_command_line_loads_no_torch_until_it_trains():
    assert "torch" not in imported_by(f"{CORE}.__main__", f"{CORE}.data.readers")


@pytest.mark.slow
def test_the_engine_loads_no_pages():
    loaded = imported_by(f"{CORE}.runs.worker", f"{CORE}.equivalence", f"{CORE}.graph_search")
    assert "torch" in loaded
    assert not loaded & {"streamlit", "plotly", "app", "umap", "pgmpy"}

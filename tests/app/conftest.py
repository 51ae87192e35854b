"""A workspace of its own for every test, and pages run in it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

import causalpima_core.fitted  # noqa: F401 - there, so that no page waits for it here
from causalpima_core.runs.workspace import Workspace

MAIN = Path(__file__).parents[2] / "app" / "main.py"
OURS = sys.modules["__main__"]
Open = Callable[..., AppTest]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here is a test of the app."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.app)


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """An empty workspace that the app finds by its environment."""
    monkeypatch.setenv("CAUSALPIMA_WORKSPACE", str(tmp_path))
    st.cache_resource.clear()
    return Workspace()


@pytest.fixture(autouse=True)
def own_main() -> Iterator[None]:
    """Streamlit puts a page in the place of this program; processes started later would run it."""
    yield
    sys.modules["__main__"] = OURS


@pytest.fixture
def open_page() -> Open:
    """Open a page as a browser would: by its file and the parameters of its URL."""

    def _open(page: str, **params: str) -> AppTest:
        app = AppTest.from_file(MAIN, default_timeout=30)
        for name, value in params.items():
            app.query_params[name] = value
        app.switch_page(f"views/{page}.py").run()
        if page != "data":  # which also stands in for a page that is not found
            assert app.title[0].value != "Data"
        return app

    return _open

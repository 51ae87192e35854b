"""One Chromium and one server for all journeys; without Chromium a person's test run skips them."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

pytest.importorskip("playwright", reason="playwright is not installed")

from playwright.sync_api import Browser, expect

from app.services.first_look import finished_example
from causalpima_core.runs.label import Label
from causalpima_core.runs.records import RunState
from tests.app.synthetic import write_dataset, write_run
from tests.browser import driver

ADDRESSES = "http://a.example.org www.b.example.org https://c.example.org d@example.org"
"""Title of the run `linked`."""


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """A browser without a window."""
    if driver.chromium_path() is None:
        if os.environ.get("CI"):
            pytest.fail("Chromium is not installed, and on CI the browser tests must run.")
        pytest.skip("Chromium is not installed: the pages are not tested in a real browser.")
    expect.set_options(timeout=driver.PATIENCE_MS)
    with driver.browser() as browser:
        yield browser


@pytest.fixture(scope="session")
def explorer(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app with the finished example, and runs `one` and `two` of the same three modalities."""
    root = tmp_path_factory.mktemp("workspace")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CAUSALPIMA_WORKSPACE", str(root))
        finished_example()
        data = write_dataset("some", 3)
        write_run(data, RunState.FINISHED, (2, 2), "one")
        write_run(data, RunState.FINISHED, (2, 2, 2), "two")
        write_run(data, RunState.FINISHED, (2, 2), "linked").write_label(Label(title=ADDRESSES))
    with driver.running_app(root) as address:
        yield address

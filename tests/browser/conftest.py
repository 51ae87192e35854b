"""One Chromium for all journeys; without it a person's test run skips them, CI fails."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

pytest.importorskip("playwright", reason="playwright is not installed")

from playwright.sync_api import Browser

from tests.browser import driver


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """A browser without a window."""
    if driver.chromium_path() is None:
        if os.environ.get("CI"):
            pytest.fail("Chromium is not installed, and on CI the browser tests must run.")
        pytest.skip("Chromium is not installed: the pages are not tested in a real browser.")
    with driver.browser() as browser:
        yield browser

"""An upload that takes long shows how far it is, and can be stopped."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, expect

from causalpima_core.runs.workspace import Workspace
from tests.browser import driver

pytestmark = [pytest.mark.browser, pytest.mark.slow]

N = 20_000


def many_images(path: Path) -> None:
    """So many that reading them takes a while, though few are different."""
    rng = np.random.default_rng(0)
    kinds = []
    for _ in range(7):
        buffer = io.BytesIO()
        Image.fromarray(rng.integers(0, 255, (32, 32), dtype=np.uint8)).save(buffer, "PNG")
        kinds.append(buffer.getvalue())
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(N):
            archive.writestr(f"photo/{number}.png", kinds[number % len(kinds)])


def test_reading_an_upload_is_shown_and_can_be_stopped(chromium: Browser, tmp_path: Path):
    many_images(tmp_path / "many.zip")
    page = chromium.new_page(viewport={"width": 1440, "height": 1000})
    page.set_default_timeout(driver.PATIENCE_MS)
    with driver.running_app(tmp_path / "workspace") as address:
        page.goto(address)
        driver.settle(page, "Data")
        page.locator("input[type=file]").first.set_input_files(tmp_path / "many.zip")
        expect(page.get_by_text("Reading the files:")).to_be_visible()
        page.get_by_role("button", name="Stop").last.click()
        expect(page.get_by_text("Stopped: nothing of it was kept.")).to_be_visible()
        expect(page.get_by_text("Reading the files:")).to_be_hidden()
        assert list(Workspace(tmp_path / "workspace").datasets_folder.iterdir()) == []
        page.close()

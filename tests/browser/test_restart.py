"""The server is killed while a run trains: training goes on, and the next server shows it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from causalpima_core.data.examples import write_example
from causalpima_core.runs.records import RunState
from causalpima_core.runs.workspace import Workspace
from tests.browser import driver

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_a_run_is_found_again_by_the_next_server(chromium: Browser, tmp_path: Path):
    file = tmp_path / "circles.npz"
    write_example("circles", file, samples=1500, seed=1)
    place = tmp_path / "workspace"
    page = chromium.new_page(viewport={"width": 1440, "height": 1000})
    page.set_default_timeout(driver.PATIENCE_MS)
    with driver.running_app(place, killed=True) as address:
        driver.upload(page, address, file)
        driver.start_training(page, (2, 2, 2))
        expect(page.get_by_role("button", name="Stop")).to_be_visible()
        begun = page.get_by_text(re.compile(r"epoch \d+ of"))
        expect(begun).to_be_visible(timeout=driver.PATIENCE_MS)
        query = page.url.partition("?")[2]
    (folder,) = Workspace(place).runs()
    before = folder.status()
    assert before.state is RunState.RUNNING
    with driver.running_app(place) as address:
        page.goto(f"{address}/live?{query}")
        graph = driver.graph(page)
        expect(graph).to_have_attribute("data-node-count", "3", timeout=driver.PATIENCE_MS)
        expect(page.get_by_text("Finished after")).to_be_visible(timeout=driver.TRAINING_MS)
    after = folder.status()
    assert after.state is RunState.FINISHED
    assert (after.pid, after.started) == (before.pid, before.started)
    page.close()

"""A whole journey as a person makes it: upload, train, watch, reload, select, look."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from causalpima_core.data.examples import write_example
from tests.browser import driver

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def page(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Page, str]]:
    """A page on a freshly started app."""
    with driver.running_app(tmp_path_factory.mktemp("workspace")) as address:
        page = chromium.new_page(viewport={"width": 1440, "height": 1000})
        page.set_default_timeout(driver.PATIENCE_MS)
        yield page, address


def test_from_a_file_to_the_samples_behind_the_points(page: tuple[Page, str], tmp_path: Path):
    browser, address = page
    requests: list[str] = []
    browser.on("request", lambda request: requests.append(request.url))
    file = tmp_path / "circles.npz"
    write_example("circles", file, samples=1500, seed=0)

    driver.upload(browser, address, file)
    expect(browser.get_by_text("1,500 of 1,500 measured").first).to_be_visible()
    driver.start_training(browser, (2, 2, 2))
    expect(driver.graph(browser)).to_have_attribute("data-node-count", "3")
    expect(browser.get_by_role("button", name="Stop")).to_be_visible()

    run_address = browser.url
    assert "run=" in run_address
    browser.reload()
    expect(browser.get_by_role("heading", name="Live", level=1)).to_be_visible()
    expect(driver.graph(browser)).to_have_attribute("data-node-count", "3")
    assert browser.url == run_address

    seen = driver.watch_opacities(browser)
    assert len(seen) > 1, seen  # a clear graph is decided within its first epochs
    expect(driver.graph(browser)).to_have_attribute("data-forming", "false")

    browser.get_by_role("button", name="Latent space").click()
    driver.settle(browser, "Latent space")
    driver.lasso(browser)
    expect(browser.get_by_text(re.compile(r"^\d[\d,]* samples selected$"))).to_be_visible()
    expect(browser.get_by_alt_text(re.compile(r"image of sample \d+")).first).to_be_visible()
    assert "samples=" in browser.url

    browser.reload()
    expect(browser.get_by_text(re.compile(r"^\d[\d,]* samples selected$"))).to_be_visible()
    assert all(url.startswith((address, "data:", "blob:")) for url in requests)

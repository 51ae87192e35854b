"""What a person does with a finished run: select and save, intervene, go back, on a phone too."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import driver

pytestmark = [pytest.mark.browser, pytest.mark.slow]

RUN = "run=example-lattice&data=example-lattice.npz"
WIDER_THAN_THE_SCREEN = """() => [document.documentElement,
    document.querySelector('[data-testid="stMain"]')]
    .map(part => part.scrollWidth - part.clientWidth)"""


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    page = chromium.new_page(viewport={"width": 1440, "height": 1000})
    page.set_default_timeout(driver.PATIENCE_MS)
    yield page
    page.close()


@pytest.fixture(scope="module")
def phone(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    page = context.new_page()
    page.set_default_timeout(driver.PATIENCE_MS)
    yield page
    context.close()


def test_a_lasso_is_saved_as_the_samples_it_holds(page: Page, explorer: str, tmp_path: Path):
    page.goto(f"{explorer}/latent?{RUN}")
    driver.settle(page, "Latent space")
    page.wait_for_timeout(1500)
    driver.lasso(page, 0.5)
    told = page.get_by_text(re.compile(r"^\d+ samples selected$"))
    expect(told).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as CSV").click()
    file = tmp_path / "selection.csv"
    download.value.save_as(file)
    saved = pd.read_csv(file)
    assert told.inner_text() == f"{len(saved)} samples selected"
    assert 0 < len(saved) < 700
    assert {"sample", "component", "confidence", "node_1", "topology"} <= set(saved.columns)


def test_an_intervention_is_restored_by_reload_and_back(page: Page, explorer: str):
    page.goto(f"{explorer}/graph?{RUN}")
    driver.settle(page, "Graph")
    page.get_by_role("radio", name="gyroid-like").click()
    after = page.get_by_alt_text("image, drawn after")
    expect(after).to_be_visible()
    expect(page).to_have_url(re.compile("do=node_1(=|%3D)1"))
    page.reload()
    expect(after).to_be_visible()
    page.get_by_role("link", name="Features").click()
    driver.settle(page, "Features")
    page.go_back()
    driver.settle(page, "Graph")
    expect(after).to_be_visible()


def test_two_tabs_show_two_runs(page: Page, explorer: str):
    other = page.context.new_page()
    page.goto(f"{explorer}/overview?{RUN}")
    other.goto(f"{explorer}/overview?run=two")
    driver.settle(page, "Overview")
    driver.settle(other, "Overview")
    other.get_by_role("link", name="Graph").click()
    driver.settle(other, "Graph")
    page.reload()
    driver.settle(page, "Overview")
    expect(page.get_by_text("heat treatment").first).to_be_visible()
    expect(other).to_have_url(re.compile("run=two"))


def test_the_example_is_opened_by_keyboard_alone(page: Page, explorer: str):
    page.goto(f"{explorer}/")
    driver.settle(page, "Data")
    for _ in range(40):
        page.keyboard.press("Tab")
        if "finished example" in page.evaluate("document.activeElement.innerText ?? ''"):
            break
    page.keyboard.press("Enter")
    driver.settle(page, "Overview")
    expect(page).to_have_url(re.compile("run=example-lattice"))


@pytest.mark.parametrize(("path", "title"), driver.PAGES.items())
def test_a_phone_scrolls_down_only(phone: Page, explorer: str, path: str, title: str):
    phone.goto(f"{explorer}/{path}?{RUN}&other=two")
    driver.settle(phone, title)
    phone.wait_for_timeout(1000)
    assert phone.evaluate(WIDER_THAN_THE_SCREEN) == [0, 0]


def test_all_is_reached_on_a_phone(phone: Page, explorer: str):
    phone.goto(f"{explorer}/?{RUN}")
    driver.settle(phone, "Data")
    phone.get_by_role("button", name="Set up the model").tap()
    driver.settle(phone, "Model")
    start = phone.get_by_role("button", name="Start training")
    start.scroll_into_view_if_needed()
    expect(start).to_be_enabled()
    phone.locator('[data-testid="stExpandSidebarButton"]').tap()
    phone.get_by_role("link", name="Graph").tap()
    driver.settle(phone, "Graph")
    phone.get_by_role("radio", name="gyroid-like").tap()
    expect(phone.get_by_alt_text("image, drawn after")).to_be_visible()

"""What a person does with a finished run: select and save, intervene, go back, on a phone too."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import driver
from tests.browser.conftest import ADDRESSES

pytestmark = [pytest.mark.browser, pytest.mark.slow]

RUN = "run=example-lattice&data=example-lattice.npz"
WIDER_THAN_THE_SCREEN = """() => [document.documentElement,
    document.querySelector('[data-testid="stMain"]')]
    .map(part => part.scrollWidth - part.clientWidth)"""


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1440, "height": 1000})
    page = context.new_page()
    page.set_default_timeout(driver.PATIENCE_MS)
    yield page
    context.close()


@pytest.fixture(scope="module")
def phone(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    page = context.new_page()
    page.set_default_timeout(driver.PATIENCE_MS)
    yield page
    context.close()


def back_to(page: Page, there: Callable[[], bool]) -> None:
    """Press Back; Streamlit leaves an entry without parameters between some pages."""
    for _ in range(4):
        page.go_back()
        for _ in range(40):
            page.wait_for_timeout(250)
            if there():
                return
    raise AssertionError(f"Back ended at {page.url}.")


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


def test_addresses_in_a_title_are_text_and_no_links(page: Page, explorer: str):
    page.goto(f"{explorer}/overview?run=linked")
    driver.settle(page, "Overview")
    told = page.get_by_text("c.example.org")
    expect(told).to_be_visible()
    assert told.inner_text().replace("\u2060", "") == ADDRESSES
    expect(page.locator("a[href*='example.org']")).to_have_count(0)


def click_node(page: Page, name: str) -> None:
    """Click a node of the graph that is drawn."""
    graph = driver.graph(page)
    place = graph.evaluate(
        """(host, name) => {
            const { network } = host.causalpima;
            return network.canvasToDOM(network.getPosition(name));
        }""",
        name,
    )
    graph.click(position=place)


def test_graph_and_table_of_what_is_known_are_in_step(page: Page, explorer: str):
    page.goto(f"{explorer}/model?data=example-lattice.npz")
    driver.settle(page, "Model")
    graph, cells = driver.graph(page), page.locator('[data-testid="stDataFrame"] td')
    graph.locator("canvas").wait_for()
    click_node(page, "node_1")
    click_node(page, "node_2")
    expect(cells.nth(3)).to_have_text("required")
    page.locator('[data-testid="stDataFrame"]').click(position={"x": 110, "y": 50})
    for key in ("Enter", "2", "Enter"):
        page.keyboard.press(key)
        page.wait_for_timeout(400)
    expect(cells.nth(1)).to_have_text("2")
    expect(graph).to_have_attribute("aria-label", re.compile("node_1 to node_2 required"))
    click_node(page, "node_1")
    click_node(page, "node_2")
    expect(cells.nth(3)).to_have_text("forbidden")
    expect(cells.nth(1)).to_have_text("2")


def test_a_formula_is_tried_while_it_is_typed(page: Page, explorer: str):
    page.goto(f"{explorer}/model?data=example-lattice.npz")
    driver.settle(page, "Model")
    field = page.get_by_role("textbox", name="Law of curve")
    field.press_sequentially("a*t; b>0")
    refused = page.get_by_text("Training can start once what is marked red is put right.")
    expect(refused).to_be_visible()
    field.fill("")
    field.press_sequentially("elastic-plastic; t=0:0.03; value [MPa]")
    expect(page.get_by_text(re.compile("Median.*MPa"))).to_be_visible()
    expect(refused).to_have_count(0)
    expect(field).to_be_focused()


def test_an_intervention_is_restored_by_reload_and_back(page: Page, explorer: str):
    page.goto(f"{explorer}/graph?{RUN}")
    driver.settle(page, "Graph")
    page.get_by_role("radio", name="gyroid-like").click()
    after = page.get_by_alt_text("image, drawn after")
    expect(after).to_be_visible()
    expect(page).to_have_url(re.compile("do=node_3(=|%3D)0"))
    page.reload()
    expect(after).to_be_visible()
    page.get_by_role("link", name="Features").click()
    driver.settle(page, "Features")
    back_to(page, lambda: page.get_by_role("heading", name="Graph", level=1).is_visible())
    expect(after).to_be_visible()
    back_to(page, lambda: "do=" not in page.url)
    expect(after).to_be_hidden()
    expect(page.get_by_text("Set a node to a state")).to_be_visible()


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
    wanted = page.get_by_role("button", name="Look at a finished example")
    for _ in range(40):
        page.keyboard.press("Tab")
        if wanted.evaluate("button => button === document.activeElement"):
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
    phone.goto(f"{explorer}/latent?{RUN}")
    driver.settle(phone, "Latent space")
    phone.locator('[data-testid="stExpandSidebarButton"]').tap()
    phone.get_by_role("link", name="Graph").tap()
    driver.settle(phone, "Graph")
    phone.get_by_role("radio", name="gyroid-like").tap()
    expect(phone.get_by_alt_text("image, drawn after")).to_be_visible()

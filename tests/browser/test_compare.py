"""Two runs side by side in a real browser: a lasso in one marks the same samples in the other."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import driver

pytestmark = [pytest.mark.browser, pytest.mark.slow]
AGREED = """before => {
    const charts = Array.from(document.querySelectorAll('.js-plotly-plot'), chart =>
        (chart._fullData ?? [])
            .flatMap(trace => Array.from(trace.selectedpoints ?? [], i => trace.customdata[i][0]))
            .sort((a, b) => a - b));
    const [one, other] = charts.map(samples => samples.join());
    return charts.length === 2 && one === other && one !== before.join() && charts[0];
}"""


def agreed(page: Page, instead_of: list[int]) -> list[int]:
    """Samples that both charts show as selected, once these are others."""
    return page.wait_for_function(AGREED, arg=instead_of).json_value()


def test_a_lasso_in_either_chart_marks_both(chromium: Browser, explorer: str):
    page = chromium.new_page(viewport={"width": 1440, "height": 1000})
    page.set_default_timeout(driver.PATIENCE_MS)
    page.goto(f"{explorer}/compare?run=one&other=two")
    driver.settle(page, "Compare")
    told = page.get_by_text(re.compile(r"^\d+ samples selected$"))
    seen: list[int] = []
    for number, share in ((0, 0.6), (1, 0.9), (0, 0.8)):
        driver.lasso(page, share, number)
        seen = agreed(page, instead_of=seen)
        expect(told).to_have_text(f"{len(seen)} samples selected")

    page.reload()
    driver.settle(page, "Compare")
    expect(told).to_have_text(f"{len(seen)} samples selected")
    assert agreed(page, instead_of=[]) == seen
    page.get_by_role("button", name="Clear").click()
    expect(told).to_be_hidden()
    assert agreed(page, instead_of=seen) == []

"""Two runs side by side in a real browser: a lasso in one marks the same samples in the other."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import driver

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SELECTED = """number => document.querySelectorAll('.js-plotly-plot')[number]._fullData
    .flatMap(trace => Array.from(trace.selectedpoints ?? [], i => trace.customdata[i][0]))
    .sort((a, b) => a - b)"""


def selected(page: Page, number: int) -> list[int]:
    """Samples that a chart shows as selected."""
    return page.evaluate(SELECTED, number)


def test_a_lasso_in_either_chart_marks_both(chromium: Browser, explorer: str):
    page = chromium.new_page(viewport={"width": 1440, "height": 1000})
    page.set_default_timeout(driver.PATIENCE_MS)
    page.goto(f"{explorer}/compare?run=one&other=two")
    driver.settle(page, "Compare")
    told = page.get_by_text(re.compile(r"^\d+ samples selected$"))
    seen = []
    for number, share in ((0, 0.6), (1, 0.9), (0, 0.8)):
        driver.lasso(page, share, number)
        expect(told).to_be_visible()
        page.wait_for_timeout(2000)
        seen.append(selected(page, 0))
        assert selected(page, 1) == seen[-1]
        expect(told).to_have_text(f"{len(seen[-1])} samples selected")
    assert seen[0] != seen[1] != seen[2]

    page.reload()
    driver.settle(page, "Compare")
    expect(told).to_have_text(f"{len(seen[-1])} samples selected")
    assert selected(page, 0) == selected(page, 1) == seen[-1]
    page.get_by_role("button", name="Clear").click()
    expect(told).to_be_hidden()
    page.wait_for_timeout(1000)
    assert selected(page, 0) == selected(page, 1) == []

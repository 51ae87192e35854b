"""axe-core finds nothing serious on any page, in light and dark."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.browser import driver

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SERIOUS = {"serious", "critical"}
EXAMPLE = "run=example-lattice&data=example-lattice.npz"
WITH_MORE_ON_THEM = {
    "compare?run=one&other=two": "Compare",
    "features?run=one": "Features",
    "graph?run=example-lattice&do=node_1%3D1": "Graph",
    "latent?run=example-lattice&samples=eNprUeRwEmihOgEACOcRlQ": "Latent space",
}
"""Tables in place of pictures, an intervention, a selection of every fifth sample."""


@pytest.fixture(scope="module", params=["light", "dark"])
def page(request: pytest.FixtureRequest, chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(
        color_scheme=request.param, viewport={"width": 1440, "height": 1000}
    )
    yield context.new_page()
    context.close()


def serious(page: Page) -> list[str]:
    """What axe finds, with the figures behind it: a ratio of contrast, say."""
    return [
        f"{violation['id']}: {node['html'][:200]} ({[check['data'] for check in node['any']]})"
        for violation in Axe().run(page).response["violations"]
        if violation["impact"] in SERIOUS
        for node in violation["nodes"]
    ]


def lasting(page: Page, title: str) -> list[str]:
    """What axe finds on a page at rest, and once more if it finds anything.

    A page can run anew while it is looked at, and what is still to be replaced is paler meanwhile.
    """
    for _look in range(2):
        driver.settle(page, title)
        page.wait_for_timeout(1500)  # charts draw after the script has ended
        found = serious(page)
        if not found:
            break
    return found


@pytest.mark.parametrize(
    ("path", "title"),
    [
        *((f"{path}?{EXAMPLE}", title) for path, title in driver.PAGES.items()),
        *WITH_MORE_ON_THEM.items(),
    ],
)
def test_nothing_serious(page: Page, explorer: str, path: str, title: str):
    page.goto(f"{explorer}/{path}")
    assert lasting(page, title) == []

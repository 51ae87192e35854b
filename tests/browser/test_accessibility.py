"""axe-core finds nothing serious on any page, in light and dark."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from causalpima_core.runs.records import RunState
from tests.app.synthetic import write_dataset, write_run
from tests.browser import driver

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PAGES = {
    "": "Data",
    "model": "Model",
    "live": "Live",
    "runs": "Runs",
    "latent": "Latent space",
    "features": "Features",
    "graph": "Graph",
    "export": "Export",
}
SERIOUS = {"serious", "critical"}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app with a finished run of three modalities."""
    root = tmp_path_factory.mktemp("workspace")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CAUSALPIMA_WORKSPACE", str(root))
        write_run(write_dataset("some", 3), RunState.FINISHED, (2, 2, 2))
    with driver.running_app(Path(root)) as address:
        yield address


@pytest.fixture(params=["light", "dark"])
def page(request: pytest.FixtureRequest, chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(
        color_scheme=request.param, viewport={"width": 1440, "height": 1000}
    )
    yield context.new_page()
    context.close()


@pytest.mark.parametrize(("path", "title"), PAGES.items())
def test_nothing_serious(page: Page, address: str, path: str, title: str):
    page.goto(f"{address}/{path}?run=a-run&data=some.npz")
    driver.settle(page, title)
    page.wait_for_timeout(1500)  # charts draw after the script has ended
    found = [
        f"{violation['id']}: {node['html'][:200]}"
        for violation in Axe().run(page).response["violations"]
        if violation["impact"] in SERIOUS
        for node in violation["nodes"]
    ]
    assert found == []

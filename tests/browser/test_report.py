"""From a file to a report that opens from disk, with the network off and nothing to complain of."""

from __future__ import annotations

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from causalpima_core.data.examples import write_example
from causalpima_core.runs.exports import export
from causalpima_core.runs.records import RunState
from causalpima_core.runs.store import RunFolder
from tests.app.synthetic import write_dataset, write_run
from tests.browser import driver

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def opened(chromium: Browser, report: Path, scheme: str, width: int) -> tuple[Page, list[str]]:
    """The report as a person opens it who has no network, and all that the browser objects to."""
    context = chromium.new_context(
        color_scheme=scheme, offline=True, viewport={"width": width, "height": 900}
    )
    page, objections = context.new_page(), []
    page.on("console", lambda message: objections.append(message.text))
    page.on("pageerror", lambda error: objections.append(str(error)))
    page.on("requestfailed", lambda request: objections.append(request.url))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(report.as_uri())
    objections += [url for url in asked if not url.startswith((report.as_uri(), "data:"))]
    return page, objections


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 1440), ("light", 390)])
def test_it_opens_from_disk_without_network(
    chromium: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheme: str, width: int
):
    monkeypatch.setenv("CAUSALPIMA_WORKSPACE", str(tmp_path))
    run = write_run(write_dataset("some", 3), RunState.FINISHED, (2, 2), with_law=True)
    export(run, tmp_path / "report.html")
    page, objections = opened(chromium, tmp_path / "report.html", scheme, width)
    expect(page.get_by_role("heading", level=1)).to_have_text("a-run")
    assert objections == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    drawn = page.locator("figure svg")
    assert drawn.count() == 6
    assert all(drawn.nth(i).bounding_box()["height"] > 100 for i in range(6))
    found = [
        f"{violation['id']}: {node['html'][:200]}"
        for violation in Axe().run(page).response["violations"]
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]
    assert found == []
    page.context.close()


def test_from_upload_to_report(chromium: Browser, tmp_path: Path):
    workspace = tmp_path / "workspace"
    file = tmp_path / "circles.npz"
    write_example("circles", file, samples=300, seed=1)
    with driver.running_app(workspace) as address:
        page = chromium.new_page(viewport={"width": 1440, "height": 1000})
        page.set_default_timeout(driver.PATIENCE_MS)
        driver.upload(page, address, file)
        driver.start_training(page, (2, 2, 2))
        expect(page.get_by_text("Finished after")).to_be_visible(timeout=driver.TRAINING_MS)
        page.get_by_role("link", name="Export").first.click()
        driver.settle(page, "Export")
        with page.expect_download(timeout=driver.TRAINING_MS) as download:
            page.get_by_role("button", name="HTML").click()
        report = tmp_path / "report.html"
        download.value.save_as(report)
        assert download.value.suggested_filename.endswith(".html")
        with page.expect_download(timeout=driver.TRAINING_MS) as download:
            page.get_by_role("button", name="With data").click()
        download.value.save_as(tmp_path / "bundle.zip")
        page.close()
    seen, objections = opened(chromium, report, "light", 1440)
    expect(seen.get_by_role("heading", name="What can and cannot be claimed")).to_be_visible()
    assert objections == []
    seen.context.close()
    run = next(iter((workspace / "runs").iterdir()))
    names = {node.name for node in RunFolder(run).graph().nodes}
    assert names == {"node_1", "node_2", "node_3"}

    with driver.running_app(tmp_path / "elsewhere") as address:
        page = chromium.new_page(viewport={"width": 1440, "height": 1000})
        page.set_default_timeout(driver.PATIENCE_MS)
        page.goto(f"{address}/export")
        driver.settle(page, "Export")
        dropzone = page.locator('[data-testid="stFileUploaderDropzoneInput"]')
        dropzone.set_input_files(tmp_path / "bundle.zip")
        driver.settle(page, "Graph")
        expect(driver.graph(page)).to_have_attribute("data-node-count", "3")
        page.close()

"""The app in a real browser: a server of its own, and the steps a person takes on its pages."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

ROOT = Path(__file__).parents[2]
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MS = 60_000
TRAINING_MS = 240_000


def chromium_path() -> str | None:
    """Where the browser is, if anywhere."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


@contextmanager
def running_app(workspace: Path, *, killed: bool = False) -> Iterator[str]:
    """The app on a free port, with everything it writes in ``workspace``; gives its address.

    With ``killed`` it gets no chance to tidy up at the end.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app/main.py"]
    workspace.mkdir(parents=True, exist_ok=True)
    with (workspace / "server.log").open("wb") as log:
        server = subprocess.Popen(
            [*command, "--server.port", str(port)],
            cwd=ROOT,
            env=os.environ | {"CAUSALPIMA_WORKSPACE": str(workspace)},
            stdout=log,
            stderr=log,
        )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_until_healthy(f"{address}/_stcore/health", server)
        yield address
    finally:
        _end(server, killed=killed)


def _end(server: subprocess.Popen, *, killed: bool) -> None:
    """End a server; by force at last, because it waits without limit for browsers to let go."""
    if not killed:
        server.terminate()
        with suppress(subprocess.TimeoutExpired):
            server.wait(20)
    server.kill()  # nothing happens to one that has ended
    server.wait(20)


def _wait_until_healthy(address: str, server: subprocess.Popen) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise RuntimeError(f"The server ended with code {server.returncode}.")
        try:
            with urllib.request.urlopen(address, timeout=2):  # noqa: S310 - our own server
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
    raise TimeoutError(f"No answer from {address}.")


@contextmanager
def browser() -> Iterator[Browser]:
    """Chromium without a window."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=chromium_path(), args=CHROMIUM_ARGUMENTS
        )
        yield chromium
        chromium.close()


PAGES = {
    "": "Data",
    "model": "Model",
    "live": "Live",
    "runs": "Runs",
    "compare": "Compare",
    "overview": "Overview",
    "latent": "Latent space",
    "features": "Features",
    "graph": "Graph",
    "crossmodal": "Cross-modal",
    "physics": "Physics",
    "export": "Export",
    "help": "What it can claim",
}
"""Title of every page by its path."""


def upload(page: Page, address: str, file: Path) -> None:
    """Bring a file in on the Data page and wait until it is shown."""
    page.goto(address)
    page.locator('[data-testid="stFileUploaderDropzoneInput"]').set_input_files(file)
    expect(page.get_by_role("button", name="Set up the model")).to_be_visible(timeout=PATIENCE_MS)


def start_training(page: Page, states: tuple[int, ...], preset: str = "Quick look") -> None:
    """From the Data page over the Model page to Live."""
    page.get_by_role("button", name="Set up the model").click()
    for j, count in enumerate(states, start=1):
        field = page.get_by_label(f"States of node_{j}")
        field.fill(str(count), timeout=PATIENCE_MS)
        field.press("Enter")
    page.get_by_text(preset, exact=True).click()
    expect(page.get_by_role("radio", name=preset)).to_be_checked()
    page.get_by_role("button", name="Start training").click()
    expect(page.get_by_role("heading", name="Live", level=1)).to_be_visible(timeout=PATIENCE_MS)


def graph(page: Page) -> Locator:
    """The element that carries the graph and says what it shows."""
    return page.locator(".graph")


def drawn_edges(page: Page) -> dict[str, float]:
    """Opacity of each edge on the screen."""
    edges = json.loads(graph(page).get_attribute("data-edges", timeout=PATIENCE_MS) or "[]")
    return {edge["id"]: edge["opacity"] for edge in edges}


def watch_opacities(page: Page) -> list[dict[str, float]]:
    """Every different set of edges seen until the run has ended."""
    seen: list[dict[str, float]] = []
    deadline = time.monotonic() + TRAINING_MS / 1000
    while time.monotonic() < deadline:
        edges = drawn_edges(page)
        if not seen or edges != seen[-1]:
            seen.append(edges)
        if page.get_by_text("Finished after").is_visible():
            return seen
        page.wait_for_timeout(150)
    raise TimeoutError("The run did not finish.")


def settle(page: Page, title: str) -> None:
    """Wait until the page of that title is there and its script has run to the end."""
    expect(page.get_by_role("heading", name=title, level=1)).to_be_visible(timeout=PATIENCE_MS)
    app = page.locator('[data-testid="stApp"]')
    expect(app).to_have_attribute("data-test-script-state", "notRunning", timeout=PATIENCE_MS)
    expect(page.locator('[data-stale="true"]')).to_have_count(0, timeout=PATIENCE_MS)
    page.wait_for_timeout(500)


def lasso(page: Page, share: float = 0.6, chart: int = 0) -> None:
    """Drag a rectangle-like loop around the middle of a chart with the mouse."""
    plot = page.locator(".js-plotly-plot .nsewdrag").nth(chart)
    plot.scroll_into_view_if_needed(timeout=PATIENCE_MS)
    box = plot.bounding_box()
    if box is None:
        raise RuntimeError("The latent chart is not on the screen.")
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    reach = (box["width"] * share / 2, box["height"] * share / 2)
    corners = [(-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1)]
    path = [(middle[0] + sx * reach[0], middle[1] + sy * reach[1]) for sx, sy in corners]
    page.mouse.move(*path[0])
    page.mouse.down()
    for x, y in path[1:]:
        page.mouse.move(x, y, steps=6)
    page.mouse.up()

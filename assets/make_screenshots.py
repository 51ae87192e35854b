"""Makes the pictures in `assets/screenshots`: ``python -m assets.make_screenshots``.

Drives the journey of the browser test once, and photographs every page in light and dark, on a
wide screen and on a phone. Needs Chromium and what requirements-dev.txt installs.
"""

from __future__ import annotations

import io
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Browser, Page

from causalpima_core.data.examples import write_example
from tests.browser import driver

OUT = Path(__file__).parent / "screenshots"


@dataclass(frozen=True)
class Screen:
    """One way of looking at a page; ``suffix`` ends the names of its pictures."""

    suffix: str
    scheme: Literal["light", "dark"]
    width: int
    height: int


WIDE = Screen("", "light", 1440, 1010)
SCREENS = (
    WIDE,
    Screen("-dark", "dark", 1440, 1010),
    Screen("-phone", "light", 390, 844),
    Screen("-phone-dark", "dark", 390, 844),
)


def main() -> None:
    """Upload, train, and photograph."""
    OUT.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as workspace,
        driver.running_app(Path(workspace)) as address,
        driver.browser() as browser,
    ):
        pages = {screen: _open(browser, screen) for screen in SCREENS}
        _prepare(pages, address, Path(workspace))
        _live(pages)
        _explore(pages, address)


def _open(browser: Browser, screen: Screen) -> Page:
    context = browser.new_context(
        color_scheme=screen.scheme, viewport={"width": screen.width, "height": screen.height}
    )
    return context.new_page()


def _prepare(pages: dict[Screen, Page], address: str, folder: Path) -> None:
    wide = pages[WIDE]
    file = folder / "datasets" / "coloured-digits.npz"
    write_example("coloured-digits", file, samples=2000)
    for name, path, title in (("data", "", "Data"), ("model", "model", "Model")):
        _photograph_all(pages, name, f"{address}/{path}?data={file.name}", title)
    wide.goto(f"{address}/?data={file.name}")
    driver.settle(wide, "Data")
    driver.start_training(wide, (3, 2, 2), "Standard")
    for screen, page in pages.items():
        if screen is not WIDE:
            page.goto(wide.url)


def _live(pages: dict[Screen, Page]) -> None:
    """Once the graph forms; the run goes on meanwhile."""
    wide = pages[WIDE]
    while not any(0.1 < opacity < 0.95 for opacity in driver.drawn_edges(wide).values()):
        wide.wait_for_timeout(200)
    for screen, page in pages.items():
        page.locator(".scatterlayer .point").first.wait_for()
        _save(page, f"live{screen.suffix}")
    driver.watch_opacities(wide)


def _explore(pages: dict[Screen, Page], address: str) -> None:
    wide = pages[WIDE]
    run = wide.url.split("?", 1)[1]
    wide.goto(f"{address}/latent?{run}")
    driver.settle(wide, "Latent space")
    wide.wait_for_timeout(2000)
    driver.lasso(wide, 0.35)
    wide.get_by_text("samples selected").wait_for()
    selection = wide.url.split("?", 1)[1]
    for name, path, title in (
        ("latent", f"latent?{selection}", "Latent space"),
        ("graph", f"graph?{run}", "Graph"),
        ("runs", f"runs?{run}", "Runs"),
    ):
        _photograph_all(pages, name, f"{address}/{path}", title)


def _photograph_all(pages: dict[Screen, Page], name: str, address: str, title: str) -> None:
    for screen, page in pages.items():
        page.goto(address)
        driver.settle(page, title)
        page.wait_for_timeout(2500)  # charts draw after the script has ended
        _save(page, f"{name}{screen.suffix}")


def _save(page: Page, name: str) -> None:
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    small = picture.quantize(256, Image.Quantize.MEDIANCUT, kmeans=2, dither=Image.Dither.NONE)
    small.save(OUT / f"{name}.png", optimize=True)
    sys.stderr.write(f"{name}.png\n")


if __name__ == "__main__":
    main()

"""Makes the pictures in `assets/screenshots`: ``python -m assets.make_screenshots``.

Every page in light and dark, most of them with the example that comes with the program, Live with a
run whose graph forms. Needs Chromium and what requirements-dev.txt installs.
"""

from __future__ import annotations

import io
import os
import re
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import parse_qs, urlsplit

import typer
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from app.services.first_look import finished_example
from app.state import encode_rows
from causalpima_core.config import ModelConfig, TrainingConfig
from causalpima_core.data.examples import write_example
from causalpima_core.data.readers import load_dataset
from causalpima_core.runs import supervisor, worker
from causalpima_core.runs.creation import create_run
from causalpima_core.runs.store import RunFolder
from causalpima_core.runs.workspace import Workspace
from tests.browser import driver

OUT = Path(__file__).parent / "screenshots"
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
SECOND = "lattice-quick"
PATIENCE_SECONDS = 1800
"""For a graph that forms on a machine with other work; most do within a minute."""
CHART_WITHOUT_PICTURE = '[data-testid="stPlotlyChart"]:not(:has(.main-svg))'
DRAWING_MS = 1500
"""Between the first and the last stroke of a drawing."""


def main(
    out: Annotated[Path, typer.Option(help="Folder of the pictures.")] = OUT,
    width: Annotated[int, typer.Option(help="Of the window, pixels.")] = 1440,
    height: Annotated[int, typer.Option(help="Of the window, pixels.")] = 1010,
) -> None:
    """Photograph every page in both themes."""
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as workspace, ExitStack() as stack:
        os.environ["CAUSALPIMA_WORKSPACE"] = workspace
        example = finished_example()
        _second_run(example)
        address = stack.enter_context(driver.running_app(Path(workspace)))
        browser = stack.enter_context(driver.browser())
        pages = {theme: _open(browser, theme, width, height) for theme in THEMES}
        for name, (path, title) in _views(example).items():
            for theme, page in pages.items():
                page.goto(f"{address}/{path}")
                driver.settle(page, title)
                _wait_until_drawn(page)
                _save(page, out / f"{name}{'-dark' if theme == 'dark' else ''}.png")
        _live(pages, address, out)


def _wait_until_drawn(page: Page) -> None:
    """Until nothing stands for what is still to come, however slow the machine is."""
    for missing in ('[data-testid="stSkeleton"]', CHART_WITHOUT_PICTURE):
        expect(page.locator(missing)).to_have_count(0, timeout=driver.PATIENCE_MS)
    expect(page.get_by_text("Loading the model …")).to_have_count(0, timeout=driver.PATIENCE_MS)
    graphs = page.locator(".graph").count()
    expect(page.locator(".graph canvas")).to_have_count(graphs, timeout=driver.PATIENCE_MS)
    page.wait_for_function("() => [...document.images].every((image) => image.complete)")
    page.wait_for_timeout(DRAWING_MS)


def _second_run(example: RunFolder) -> None:
    """A run on the same data, so that there are two to compare."""
    data = Path(example.config().dataset.path)
    model = ModelConfig.parse(states=example.config().model.states)
    training = TrainingConfig.of_preset("quick", seed=1)
    path = Workspace().new_run_path(SECOND)
    worker.train(create_run(path, data, load_dataset(data), model, training))


def _views(example: RunFolder) -> dict[str, tuple[str, str]]:
    """Path and title of each picture's page, Live excepted."""
    run, data = f"run={example.name}", f"data={example.config().dataset.name}"
    commonest = example.assignments()["component"].mode()[0]
    rows = (example.assignments()["component"] == commonest).to_numpy().nonzero()[0]
    edge = example.graph().edges[0]
    more = {
        "compare": f"&other={SECOND}",
        "latent": f"&samples={encode_rows(rows.tolist())}",
        "graph": f"&edge={edge.source}:{edge.target}&do={edge.source}%3D1",
    }
    return {
        path or "data": (f"{path}?{run}&{data}{more.get(path, '')}", title)
        for path, title in driver.PAGES.items()
        if path != "live"
    }


def _live(pages: dict[Literal["light", "dark"], Page], address: str, out: Path) -> None:
    """While the graph forms; once that is seen, or too late to see, the run is stopped."""
    light, dark = pages["light"], pages["dark"]
    file = Workspace().datasets_folder / "circles.npz"
    write_example("circles", file, samples=1500)
    light.goto(f"{address}/?data={file.name}")
    driver.settle(light, "Data")
    driver.start_training(light, (2, 2, 2))
    light.wait_for_url(re.compile(r"[?&]run="))
    dark.goto(light.url)
    driver.graph(dark).wait_for()
    folder = Workspace().run(parse_qs(urlsplit(light.url).query)["run"][0])
    try:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not _forming(light) and not _ended(folder):
            if time.monotonic() > deadline:
                raise TimeoutError("No edge began to form.")
            light.wait_for_timeout(100)
        for theme, page in pages.items():
            page.locator(".scatterlayer .point").first.wait_for()
            _save(page, out / f"live{'-dark' if theme == 'dark' else ''}.png")
    finally:
        supervisor.cancel(folder)


def _ended(folder: RunFolder) -> bool:
    """Whether it trains no more, be it that its process died."""
    return supervisor.current_status(folder).state.is_final


def _forming(page: Page) -> bool:
    """Whether an edge is neither there nor gone; not where a slow page shows no graph yet."""
    if driver.graph(page).count() == 0:
        return False
    return any(0.1 < opacity < 0.95 for opacity in driver.drawn_edges(page).values())


def _open(browser: Browser, theme: Literal["light", "dark"], width: int, height: int) -> Page:
    context = browser.new_context(color_scheme=theme, viewport={"width": width, "height": height})
    page = context.new_page()
    page.set_default_timeout(driver.PATIENCE_MS)
    return page


def _save(page: Page, path: Path) -> None:
    """256 colours are enough for a page, and a third of the bytes."""
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    small = picture.quantize(256, Image.Quantize.MEDIANCUT, kmeans=2, dither=Image.Dither.NONE)
    small.save(path, optimize=True)
    sys.stderr.write(f"{path.name}\n")


if __name__ == "__main__":
    typer.run(main)

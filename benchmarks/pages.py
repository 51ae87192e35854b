"""How fast the pages are with 20,000 samples: script time, first paint, what a live update sends.

``python -m benchmarks.pages``; needs Chromium and requirements-dev.txt. Prints a table and writes
`benchmarks/results/pages.json`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer

from app.state import Page
from benchmarks.ledger import RESULTS

HEAVY = ("torch", "umap")
LIVE_SECONDS = 20
RUN, OTHER, DATA = "big", "big-again", "big.npz"


def main(
    samples: Annotated[int, typer.Option(help="Of the dataset that is looked at.")] = 20_000,
) -> None:
    """Measure every page."""
    with tempfile.TemporaryDirectory() as root:
        os.environ["CAUSALPIMA_WORKSPACE"] = root
        _prepare(samples)
        told: dict[str, object] = {"samples": samples, "pages": _scripts()}
        told["load_average"] = round(os.getloadavg()[0], 1)
        told["first_paint"] = _first_paint(Path(root))
        told["answers"] = _answers(Path(root))
        told["live"] = _live(Path(root))
    (RESULTS / "pages.json").write_text(json.dumps(told, indent=1) + "\n")
    print(json.dumps(told, indent=1))


def _prepare(samples: int) -> None:
    """The example that ships, its samples repeated with some noise until there are so many."""
    from app.services.first_look import finished_example

    example = finished_example()
    reference = example.config().dataset
    rows = np.arange(samples) % reference.n_samples
    rng = np.random.default_rng(0)
    source = Path(reference.path)
    data = source.with_name(DATA)
    with np.load(source) as arrays:
        names = [name for name in arrays.files if name != "sample_id"]
        np.savez(data, **{name: _noisy(arrays[name][rows], rng) for name in names})
    truth = pd.read_csv(source.with_suffix(".truth.csv")).iloc[rows]
    truth.assign(sample=range(samples)).to_csv(data.with_suffix(".truth.csv"), index=False)
    for name in (RUN, OTHER):
        path = example.path.with_name(name)
        shutil.copytree(example.path, path)
        config = json.loads((path / "config.json").read_text())
        config["name"] = name
        config["dataset"] |= {"path": str(data), "name": DATA, "n_samples": samples}
        (path / "config.json").write_text(json.dumps(config))
        result = path / "result"
        table = pd.read_csv(result / "assignments.csv").iloc[rows]
        table.assign(sample=range(samples)).to_csv(result / "assignments.csv", index=False)
        with np.load(result / "arrays.npz") as stored:
            arrays = dict(stored)
        arrays["latent_mean"] = _noisy(arrays["latent_mean"][rows], rng)
        arrays["latent_variance"] = arrays["latent_variance"][rows]
        np.savez(result / "arrays.npz", **arrays)


def _noisy(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    scale = 0.02 * float(values.astype(np.float32).std())
    return (values + scale * rng.standard_normal(values.shape)).astype(np.float32)


def _scripts() -> dict[str, dict[str, object]]:
    """Each page in a process of its own: first of all, first after another page, and again.

    ``second``, once all is loaded, is where a page asks the model for the first time;
    ``first_work`` is processor time, which other work on the machine disturbs less.
    """
    told = {}
    for page in Page:
        alone, after = _script(page), _script(page, after=Page.HELP)
        told[Path(page).stem] = alone | {"first_after_another": after["first"]}
    return told


def _script(page: Page, after: Page | None = None) -> dict[str, object]:
    before = f'app.switch_page("{after}").run(); warming.begin().join()' if after else ""
    program = f"""
import json, sys, threading, time
from streamlit.testing.v1 import AppTest
from app.services import warming
app = AppTest.from_file("app/main.py", default_timeout=120)
app.query_params["run"], app.query_params["data"] = "{RUN}", "{DATA}"
app.query_params["other"] = "{OTHER}"
{before}
spent, worked = [], []
for _ in range(4):
    began, work = time.perf_counter(), time.process_time()
    app.switch_page("{page}").run() if not spent else app.run()
    spent.append(round(time.perf_counter() - began, 3))
    worked.append(round(time.process_time() - work, 3))
    assert not app.exception, app.exception
    for thread in threading.enumerate():
        if thread.name == "warming":
            thread.join()
heavy = [name for name in {HEAVY!r} if name in sys.modules]
told = {{"first": spent[0], "first_work": worked[0], "second": spent[1]}}
told["again"] = sorted(spent[1:])[1]
print(json.dumps(told | {{"imported": heavy}}))
"""
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True)  # noqa: S603 - our own program
    if done.returncode:
        raise RuntimeError(f"Page '{page}' ended with an error:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def _first_paint(root: Path) -> dict[str, float]:
    """Seconds from asking a fresh server for a page until its title stands there."""
    from playwright.sync_api import expect

    from tests.browser import driver

    seconds = {}
    for path, title in (("", "Data"), ("overview", "Overview"), ("latent", "Latent space")):
        with driver.running_app(root) as address, driver.browser() as browser:
            page = browser.new_page()
            began = time.perf_counter()
            page.goto(f"{address}/{path}?run={RUN}")
            expect(page.get_by_role("heading", name=title, level=1)).to_be_visible(timeout=60_000)
            seconds[title] = round(time.perf_counter() - began, 2)
    return seconds


def _answers(root: Path) -> dict[str, float]:
    """Seconds from choosing Cross-modal on another page until it shows what the model says."""
    from playwright.sync_api import expect

    from tests.browser import driver

    seconds = {}
    with driver.running_app(root) as address, driver.browser() as browser:
        page = browser.new_page()
        for which in ("first", "again"):
            page.goto(f"{address}/graph?run={RUN}")
            driver.settle(page, "Graph")
            began = time.perf_counter()
            page.get_by_role("link", name="Cross-modal").click()
            expect(page.get_by_role("heading", name="Nodes")).to_be_visible(timeout=60_000)
            seconds[which] = round(time.perf_counter() - began, 2)
    return seconds


def _live(root: Path) -> dict[str, float]:
    """What a running run sends to the browser a tick, kilobytes."""
    from causalpima_core.config import ModelConfig, TrainingConfig
    from causalpima_core.data.examples import write_example
    from causalpima_core.data.readers import load_dataset
    from causalpima_core.runs import supervisor
    from causalpima_core.runs.creation import create_run
    from causalpima_core.runs.workspace import Workspace
    from tests.browser import driver

    place = Workspace()
    path = place.datasets_folder / "watched.npz"
    write_example("circles", path, samples=2000)
    folder = create_run(
        place.new_run_path("watched"),
        path,
        load_dataset(path),
        ModelConfig.parse(states=(2, 2, 2)),
        TrainingConfig.of_preset("standard"),
    )
    supervisor.start(folder)
    sent: list[tuple[float, int]] = []
    with driver.running_app(root) as address, driver.browser() as browser:
        page = browser.new_page()
        page.on(
            "websocket",
            lambda socket: socket.on(
                "framereceived", lambda frame: sent.append((time.monotonic(), len(frame)))
            ),
        )
        page.goto(f"{address}/live?run=watched")
        driver.settle(page, "Live")
        page.wait_for_timeout(5_000)
        began = time.monotonic()
        page.wait_for_timeout(LIVE_SECONDS * 1000)
        ticks = [0] * LIVE_SECONDS
        for moment, size in sent:
            if 0 <= moment - began < LIVE_SECONDS:
                ticks[int(moment - began)] += size
        supervisor.cancel(folder)
    return {
        "median_kB_a_second": round(sorted(ticks)[LIVE_SECONDS // 2] / 1000, 1),
        "largest_kB_a_second": round(max(ticks) / 1000, 1),
    }


if __name__ == "__main__":
    typer.run(main)

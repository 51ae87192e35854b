"""How the server bears twenty people who look around while two runs train on its cores.

``python -m benchmarks.load`` starts a server of its own on 127.0.0.1 with a workspace that is
thrown away, stops by itself, prints a table and writes `benchmarks/results/load.json`. The people
are sessions of `benchmarks.visitor`; what a browser would spend on drawing is not in the figures.
"""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Annotated

import numpy as np
import psutil
import typer

from benchmarks.ledger import RESULTS
from benchmarks.visitor import Update, Visitor
from causalpima_core.config import ModelConfig, TrainingConfig
from causalpima_core.data.examples import write_example
from causalpima_core.data.readers import load_dataset
from causalpima_core.runs import supervisor
from causalpima_core.runs.creation import create_run
from causalpima_core.runs.limits import TRAININGS, cores
from causalpima_core.runs.queue import Queue
from causalpima_core.runs.shipped import unpack
from causalpima_core.runs.store import RunFolder
from causalpima_core.runs.workspace import Workspace

EXAMPLE = Path(__file__).parents[1] / "assets" / "example" / "lattice.zip"
MOST_SESSIONS, LONGEST_SECONDS = 50, 900
OF_RUNS = ("latent", "features", "graph", "cross-modal", "physics", "live", "runs", "compare")
SECONDS_BETWEEN_LOOKS = 5.0


def main(
    sessions: Annotated[int, typer.Option(min=1, max=MOST_SESSIONS)] = 20,
    seconds: Annotated[int, typer.Option(min=10, max=LONGEST_SECONDS)] = 180,
    trainings: Annotated[int, typer.Option(min=0, max=4)] = 2,
    samples: Annotated[int, typer.Option(help="Of the data that are trained on.")] = 20_000,
) -> None:
    """Measure, print and write."""
    from tests.browser.driver import running_app

    other_work = round(os.getloadavg()[0], 1)
    with tempfile.TemporaryDirectory() as root:
        os.environ |= {"CAUSALPIMA_WORKSPACE": root, TRAININGS: str(max(1, trainings))}
        finished = unpack(EXAMPLE, Workspace())
        with training(trainings, samples) as folders, running_app(Path(root)) as address:
            pages = _pages(finished, folders)
            told = asyncio.run(_crowd(address.removeprefix("http://"), pages, sessions, seconds))
            told["trainings_to_the_end"] = sum(not f.status().state.is_final for f in folders)
    setting = {"cores": cores(), "trainings": trainings, "sessions": sessions}
    told = setting | {"load_average_before": other_work} | told
    (RESULTS / "load.json").write_text(json.dumps(told, indent=1) + "\n")
    print(json.dumps(told, indent=1))


@contextmanager
def training(count: int, samples: int) -> Iterator[list[RunFolder]]:
    """So many runs that would train for longer than is measured; they are stopped at the end."""
    place = Workspace()
    path = place.datasets_folder / "lattice.npz"
    write_example("lattice", path, samples=samples)
    dataset, model = load_dataset(path), ModelConfig.parse(states=(2, 2, 2))
    folders = []
    try:
        for seed in range(count):
            settings = TrainingConfig.of_preset("thorough", seed=seed)
            out = place.new_run_path(f"run-{seed}")
            folders.append(create_run(out, path, dataset, model, settings))
            Queue.of(folders[-1]).enqueue(folders[-1])
        while any(not folder.snapshot_epochs() for folder in folders):
            if any(folder.status().state.is_final for folder in folders):
                raise RuntimeError("A training has ended before anything was measured.")
            time.sleep(0.5)
        yield folders
    finally:
        for folder in folders:
            folder.request_cancel()
        for folder in folders:
            supervisor.cancel(folder)


def _pages(finished: RunFolder, live: list[RunFolder]) -> list[tuple[str, str]]:
    """Paths and queries: each page of the finished run, and Live of those that train."""
    of_finished = [(page, f"run={finished.name}") for page in OF_RUNS]
    of_data = [(page, f"data={finished.config().dataset.name}") for page in ("", "model")]
    return [*of_finished, *of_data, ("help", ""), *(("live", f"run={f.name}") for f in live)]


async def _crowd(
    address: str, pages: list[tuple[str, str]], sessions: int, seconds: int
) -> dict[str, object]:
    """Let the visitors loose and watch the server's memory."""
    (server,) = [p for p in psutil.Process().children() if "streamlit" in " ".join(p.cmdline())]
    visitors = [Visitor(address, Random(i)) for i in range(sessions)]  # noqa: S311 - no secret
    began, spent = time.monotonic(), sum(server.cpu_times()[:2])
    memory: list[tuple[float, float]] = []

    async def watch() -> None:
        while True:
            memory.append((time.monotonic() - began, server.memory_info().rss / 1e6))
            await asyncio.sleep(SECONDS_BETWEEN_LOOKS)

    watching = asyncio.create_task(watch())
    explored = (visitor.explore(pages, began + seconds) for visitor in visitors)
    async with asyncio.timeout(seconds + 120):
        ended = await asyncio.gather(*explored, return_exceptions=True)
    watching.cancel()
    broken = [f"{type(e).__name__}: {e}" for e in ended if e is not None]
    updates = [update for visitor in visitors for update in visitor.updates]
    return {
        "seconds": round(time.monotonic() - began),
        "server_cpu_seconds_per_update": round(
            (sum(server.cpu_times()[:2]) - spent) / max(1, len(updates)), 3
        ),
        "broken_sessions": broken,
        "complaints": Counter(u.complaint for u in updates if u.complaint),
        **{kind: _times([u for u in updates if u.kind == kind]) for kind in ("page", "change")},
        "tick": _times([u for u in updates if u.kind == "tick"]),
        "by_page": {
            path or "data": _times([u for u in updates if u.page == path and u.kind != "tick"])
            for path in sorted({path for path, _ in pages})
        },
        "page_and_change": _times([u for u in updates if u.kind != "tick"]),
        "server_megabytes": [[round(at), round(held)] for at, held in memory],
    }


def _times(updates: list[Update]) -> dict[str, float]:
    """How many, and how long they took."""
    if not updates:
        return {"count": 0}
    spent = np.array([update.seconds for update in updates])
    sizes = np.array([update.size for update in updates])
    return {
        "count": len(updates),
        "median_seconds": round(float(np.median(spent)), 3),
        "p95_seconds": round(float(np.quantile(spent, 0.95)), 3),
        "worst_seconds": round(float(spent.max()), 3),
        "median_kilobytes": round(float(np.median(sizes)) / 1e3, 1),
    }


if __name__ == "__main__":
    typer.run(main)

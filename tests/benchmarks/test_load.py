"""The visitors of the load benchmark see what a person would see, errors included."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

import pytest

from benchmarks.visitor import Visitor
from causalpima_core.runs.records import RunState
from tests.app.synthetic import write_dataset, write_run
from tests.browser.driver import running_app

pytestmark = [pytest.mark.app, pytest.mark.slow]


@pytest.fixture
def address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CAUSALPIMA_WORKSPACE", str(tmp_path))
    write_run(write_dataset("some", 3), RunState.FINISHED)
    with running_app(tmp_path) as started:
        yield started.removeprefix("http://")


def visited(address: str, *pages: tuple[str, str]) -> Visitor:
    visitor = Visitor(address, Random(0))  # noqa: S311 - no secret

    async def visit() -> None:
        async with visitor.connected():
            for path, query in pages:
                await visitor.visit(path, query)

    with ThreadPoolExecutor(1) as other:  # Playwright's loop runs in this thread after its tests
        other.submit(asyncio.run, visit()).result()
    return visitor


def test_a_visitor_looks_around_and_is_told_of_errors(address: str):
    good = visited(address, ("latent", "run=a-run"), ("features", "run=a-run"))
    seen = {(update.page, update.kind) for update in good.updates}
    assert seen >= {("latent", "page"), ("latent", "change"), ("features", "page")}
    assert all(not update.complaint for update in good.updates)
    assert max(update.size for update in good.updates) > 20_000  # charts, and not an empty page
    bad = visited(address, ("latent", "run=no-such-run"))
    assert "is not a run folder" in bad.updates[1].complaint

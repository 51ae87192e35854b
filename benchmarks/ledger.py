"""Figures on disk: of runs one JSON file per suite and variant, whole after every run."""

from __future__ import annotations

import json
import platform
import re
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from benchmarks.scoreboard import Run
from benchmarks.tasks import Task
from causalpima_core.errors import RunFolderError
from causalpima_core.runs.files import replacing

RESULTS = Path(__file__).parent / "results"


def file_name(task: Task) -> str:
    """Of the file that holds runs like this one."""
    words = [] if task.variant == "causalpima" else [re.sub(r"[^\w]+", "-", task.variant)]
    return "-".join(["recovery", task.suite, task.preset, *words]) + ".json"


def read_runs(path: Path) -> list[Run]:
    """Runs in a file; none where there is no file.

    Raises:
        RunFolderError: the file is not what `write_runs` wrote.
    """
    if not path.is_file():
        return []
    try:
        return [Run.model_validate(run) for run in json.loads(path.read_text())["runs"]]
    except (ValidationError, ValueError, KeyError, TypeError) as error:
        raise RunFolderError(
            f"'{path}' holds no runs of this benchmark (made by an earlier version?): move it away."
        ) from error


def write_runs(path: Path, runs: Sequence[Run]) -> None:
    """Replace a file by these runs, in the order of their tasks."""
    ordered = sorted(runs, key=lambda run: (run.task.graph, run.task.seed))
    write_json(path, machine() | {"runs": [run.model_dump(mode="json") for run in ordered]})


def machine() -> dict[str, str]:
    """What figures of time depend on."""
    return {"machine": platform.processor() or platform.machine()}


def write_json(path: Path, content: dict) -> None:
    """Write or replace a file, whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as file:
        file.write(json.dumps(content, indent=1).encode())

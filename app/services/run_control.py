"""Starting, stopping, resuming, listing and deleting runs for the pages."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from app.services.loaders import dataset_at, workspace
from causalpima_core.config import ModelConfig, RunConfig, TrainingConfig
from causalpima_core.errors import CausalPimaError, RunFolderError
from causalpima_core.runs import supervisor
from causalpima_core.runs.creation import create_run
from causalpima_core.runs.label import Label
from causalpima_core.runs.records import Status
from causalpima_core.runs.results import Summary
from causalpima_core.runs.store import RunFolder


@dataclass(frozen=True)
class RunRow:
    """A run as the list shows it; ``summary`` once it has a result."""

    name: str
    label: Label
    config: RunConfig
    status: Status
    summary: Summary | None

    def says(self, text: str) -> bool:
        """Whether ``text`` occurs in its name, title, note or the name of its data."""
        said = (self.name, self.label.title, self.label.note, self.config.dataset.name)
        return any(text.strip().casefold() in part.casefold() for part in said)


def start_run(name: str, data: Path, model: ModelConfig, training: TrainingConfig) -> RunFolder:
    """Make a run folder and start its worker.

    Raises:
        CausalPimaError: the data, the settings or the folder do not allow it.
    """
    path = workspace().new_run_path(name)
    folder = create_run(path, data, dataset_at(data), model, training)
    supervisor.start(folder)
    return folder


def status_of(folder: RunFolder) -> Status:
    """Where a run stands, put right where its process is gone."""
    return supervisor.current_status(folder)


def stop_run(folder: RunFolder) -> None:
    """Ask the worker to stop; it keeps what there is. The page sees it happen."""
    folder.request_cancel()


def resume_run(folder: RunFolder) -> None:
    """Go on from the last checkpoint."""
    supervisor.start(folder)


def delete_run(folder: RunFolder) -> None:
    """Remove a run that nobody trains.

    Raises:
        RunFolderError: it is still being trained.
    """
    if not status_of(folder).state.is_final:
        raise RunFolderError(f"Run '{folder.name}' is being trained: stop it before deleting it.")
    folder.delete()


def shown_name(folder: RunFolder) -> str:
    """What a list calls a run; where its label is damaged, the run's own page says so."""
    try:
        return folder.label().beside(folder.name)
    except CausalPimaError:
        return folder.name


def list_runs() -> tuple[list[RunRow], list[str]]:
    """All runs, newest first, and one sentence for each that cannot be read."""
    rows, problems = [], []
    for folder in workspace().runs():
        try:
            summary = folder.summary() if folder.has_result else None
            read = folder.label(), folder.config(), status_of(folder), summary
            rows.append(RunRow(folder.name, *read))
        except CausalPimaError as error:
            problems.append(f"Run '{folder.name}' cannot be shown. {error}")
    return rows, problems

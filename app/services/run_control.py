"""Starting, stopping, resuming, listing and deleting runs for the pages."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from app.services.loaders import dataset_at, workspace
from app.services.words import STATE_WORDS, queue_words
from causalpima_core.config import ModelConfig, RunConfig, TrainingConfig
from causalpima_core.errors import CausalPimaError, RunFolderError
from causalpima_core.runs import supervisor
from causalpima_core.runs.creation import create_run
from causalpima_core.runs.label import UNLABELLED, Label
from causalpima_core.runs.limits import trainings_at_once
from causalpima_core.runs.lock import working_on
from causalpima_core.runs.queue import Queue
from causalpima_core.runs.records import Status
from causalpima_core.runs.results import Summary
from causalpima_core.runs.store import RunFolder


@dataclass(frozen=True)
class RunRow:
    """A run as the list shows it; `summary` once it has a result, `position` while it waits."""

    name: str
    label: Label
    config: RunConfig
    status: Status
    summary: Summary | None
    position: int | None = None

    @property
    def state(self) -> str:
        """Where it stands, in a word."""
        return "waiting" if self.status.waits else STATE_WORDS[self.status.state]

    def says(self, text: str) -> bool:
        """Whether ``text`` occurs in its name, title, note or the name of its data."""
        said = (self.name, self.label.title, self.label.note, self.config.dataset.name)
        return any(text.strip().casefold() in part.casefold() for part in said)


@dataclass(frozen=True)
class Place:
    """Where a run stands in the queue.

    Attributes:
        position: 1 is next.
        ahead: runs of the same person that start earlier.
        others: how many of other people do.
        at_once: how many runs train at the same time.
    """

    position: int
    ahead: tuple[RunFolder, ...]
    others: int
    at_once: int

    @property
    def words(self) -> str:
        """The place, and behind whom."""
        return queue_words(self.position, [shown_name(f) for f in self.ahead], self.others)


def start_run(name: str, data: Path, model: ModelConfig, training: TrainingConfig) -> RunFolder:
    """Make a run folder and let it be trained as soon as its turn comes.

    Raises:
        CausalPimaError: the data, the settings or the folder do not allow it.
    """
    workspace().check_room()
    path = workspace().new_run_path(name)
    folder = create_run(path, data, dataset_at(data), model, training)
    Queue.of(folder).enqueue(folder)
    return folder


def status_of(folder: RunFolder) -> Status:
    """Where a run stands, put right where its process is gone; one that waits may start now."""
    status = supervisor.current_status(folder)
    if status.waits:
        Queue.of(folder).dispatch()
        return supervisor.current_status(folder)
    return status


def place_in_queue(folder: RunFolder) -> Place | None:
    """Where a run stands in the queue; None where it does not wait."""
    ahead = Queue.of(folder).ahead_of(folder)
    if ahead is None:
        return None
    own = [w.folder for w in ahead if w.folder.path.parent == folder.path.parent]
    return Place(len(ahead) + 1, tuple(own), len(ahead) - len(own), trainings_at_once())


def stop_run(folder: RunFolder) -> None:
    """Ask the worker to stop, and the page sees it happen; a run that waits is stopped at once."""
    if not Queue.of(folder).withdraw(folder):
        folder.request_cancel()


def label_of(folder: RunFolder) -> Label:
    """A person's title and note; empty where the file is damaged, which the run's page says."""
    try:
        return folder.label()
    except CausalPimaError:
        return UNLABELLED


def resume_run(folder: RunFolder) -> None:
    """Go on from the last checkpoint as soon as the run's turn comes.

    Raises:
        RunFolderError: it is being trained, or its data are not in the workspace.
    """
    workspace().data_of(folder)
    Queue.of(folder).enqueue(folder)


def delete_run(folder: RunFolder) -> None:
    """Remove a run that nobody trains.

    Raises:
        RunFolderError: it is still being trained.
    """
    if not status_of(folder).state.is_final:
        raise RunFolderError(
            f"Run '{folder.name}' is being trained or waits for it: stop it before deleting it."
        )
    with working_on(folder):
        folder.delete()


def shown_name(folder: RunFolder) -> str:
    """What a list calls a run; where its label is damaged, the run's own page says so."""
    return label_of(folder).beside(folder.name)


def list_runs() -> tuple[list[RunRow], list[str]]:
    """All runs, newest first, and one sentence for each file of theirs that cannot be read."""
    rows, problems = [], []
    queue = Queue(workspace())
    queue.dispatch()
    places = {w.folder.path: place for place, w in enumerate(queue.waiting(), start=1)}
    for folder in workspace().runs():
        try:
            config, status = folder.config(), supervisor.current_status(folder)
        except CausalPimaError as error:
            problems.append(f"Run '{folder.name}' cannot be shown. {error}")
            continue
        problems += [f"Run '{folder.name}': {problem}" for problem in folder.problems()]
        summary = None
        if folder.has_result:
            try:
                summary = folder.summary()
            except CausalPimaError as error:
                problems.append(str(error))
        place = places.get(folder.path)
        rows.append(RunRow(folder.name, label_of(folder), config, status, summary, place))
    return rows, problems

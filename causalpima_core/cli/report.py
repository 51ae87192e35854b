"""What the command line prints: progress for the person who waits, the result as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TextIO

import typer

from causalpima_core.runs.records import Stage, Status
from causalpima_core.runs.store import RunFolder


class Progress:
    """Tells of stages, epochs and notes; rewrites one line on a terminal, adds lines elsewhere."""

    def __init__(self, stream: TextIO) -> None:
        """Write to ``stream``."""
        self._stream = stream
        self._stage: Stage | None = None
        self._notes_told = 0
        self._line_open = False

    def __call__(self, status: Status) -> None:
        """Say what has changed since the last call."""
        if status.stage is not None and status.stage is not self._stage:
            self._stage = status.stage
            self._line(f"{status.stage.label} …")
        for note in status.notes[self._notes_told :]:
            self._line(note)
        self._notes_told = len(status.notes)
        if self._stream.isatty() and status.epochs:
            self._stream.write(f"\r\x1b[2K{_epochs(status)}")
            self._stream.flush()
            self._line_open = True

    def close(self) -> None:
        """Leave the cursor on a line of its own."""
        if self._line_open:
            self._stream.write("\n")
            self._line_open = False

    def _line(self, text: str) -> None:
        self.close()
        self._stream.write(f"{text}\n")
        self._stream.flush()


class Unpacking:
    """Tells how much of a large file is unpacked; one line that is rewritten on a terminal."""

    def __init__(self, stream: TextIO) -> None:
        """Write to ``stream``."""
        self._stream = stream
        self._told = -1

    def __call__(self, share: float) -> None:
        """Say the share, in whole steps of a tenth, or of a hundredth where the line is one."""
        one_line = self._stream.isatty()
        percent = int(100 * share) if one_line else 10 * int(10 * share)
        if percent == self._told:
            return
        self._told = percent
        begin, end = ("\r\x1b[2K", "\n" if share >= 1 else "") if one_line else ("", "\n")
        self._stream.write(f"{begin}unpacking the data, {percent}%{end}")
        self._stream.flush()


def note(sentences: Iterable[str]) -> None:
    """Say on stderr what a person should know of a result."""
    for sentence in sentences:
        typer.echo(f"note: {sentence}", err=True)


def _epochs(status: Status) -> str:
    told = f"epoch {status.epoch} of {status.epochs}"
    return told if status.eta_seconds is None else f"{told}, {duration(status.eta_seconds)} left"


def duration(seconds: float) -> str:
    """Seconds in words.

    >>> duration(75.4)
    '1 min 15 s'
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def result(folder: RunFolder) -> str:
    """What a run has found so far, as JSON."""
    found: dict[str, object] = {"run": str(folder.path), "state": folder.status().state.value}
    if folder.has_result:
        graph = folder.graph()
        found["nodes"] = [node.model_dump() for node in graph.nodes]
        found["edges"] = [edge.model_dump() for edge in graph.edges]
        found["warnings"] = folder.summary().warnings
    return json.dumps(found, indent=2, ensure_ascii=False)

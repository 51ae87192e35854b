"""Reading and writing the files of a run folder, with what fails told in words.

Every file is written beside itself under a temporary name and then moved into place, so a reader
never sees half of one, however the writer ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Self, TypeVar

from causalpima_core.errors import DamagedError, RunFolderError
from causalpima_core.runs.files import refusal, replacing
from causalpima_core.runs.places import RunPlaces

T = TypeVar("T")


class RunAccess(RunPlaces):
    """A run folder whose files can be read and written."""

    def require(self) -> Self:
        """This folder, or `RunFolderError` where no run is there."""
        if not (self.path / "config.json").is_file():
            raise RunFolderError(
                f"'{self.path}' is not a run folder: expected a folder with config.json, "
                "as 'fit --out' makes it."
            )
        return self

    def _read(self, name: str, parse: Callable[[str], T], remedy: str) -> T:
        """A text file that is there in every run.

        Raises:
            DamagedError: it cannot be read or parsed; ``remedy`` says what to do.
        """
        path = self.require().path / name
        with self._damage_in_words(name, remedy):
            return parse(path.read_text(encoding="utf-8"))

    @contextmanager
    def _damage_in_words(self, name: str, remedy: str) -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError) as error:
            why = f" ({error.strerror})" if isinstance(error, OSError) else ""
            raise DamagedError(
                f"{name} of run '{self.name}' cannot be read{why}: {remedy}."
            ) from error

    def _write(
        self, name: str, write: Callable[[BinaryIO], object], *, durable: bool = True
    ) -> None:
        with self.refusals_in_words(), replacing(self.path / name, durable=durable) as file:
            write(file)

    def _make_place(self, path: Path) -> None:
        with self.refusals_in_words():
            path.mkdir(exist_ok=True)

    @contextmanager
    def refusals_in_words(self) -> Iterator[None]:
        """Turn what the disk says inside into an error of ours, where a person can do something."""
        try:
            yield
        except FileNotFoundError as error:
            raise RunFolderError(
                f"Run folder '{self.path}' is no longer there: it was moved or deleted."
            ) from error
        except OSError as error:
            error.filename = error.filename or str(self.path)
            raise refusal(error) or error from error

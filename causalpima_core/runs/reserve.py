"""Room on the disk that is held from the start, so that a full disk can be told of."""

from __future__ import annotations

import os
from pathlib import Path

RESERVED_BYTES = 16 * 1024
"""More than a status has."""


class Reserve:
    """Room for one file, held beside it."""

    def __init__(self, path: Path) -> None:
        """For the file at ``path``; holds nothing yet."""
        self.path = path
        # Named so that whoever sweeps the folder knows it for a draft.
        self.held = path.with_name(f".{path.name}-reserved")

    def hold(self) -> None:
        """Take the room; `OSError` where the disk has none."""
        with self.held.open("wb") as file:
            file.write(bytes(RESERVED_BYTES))
            file.flush()
            os.fsync(file.fileno())  # until then the disk may still turn out to be full

    def suffices_for(self, content: bytes) -> bool:
        """Whether there is room for ``content``."""
        return self.held.exists() and len(content) <= RESERVED_BYTES

    def write(self, content: bytes) -> None:
        """Replace the file, with the room that was held for it."""
        with self.held.open("r+b") as file:
            file.write(content)
            file.truncate()
            file.flush()
            os.fsync(file.fileno())
        self.held.chmod(0o644)
        self.held.replace(self.path)

    def release(self) -> None:
        """Let go of the room."""
        self.held.unlink(missing_ok=True)

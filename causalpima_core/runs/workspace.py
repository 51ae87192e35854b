"""Where the app keeps datasets and runs: one folder, named by CAUSALPIMA_WORKSPACE."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

from causalpima_core.errors import RunFolderError
from causalpima_core.runs.store import RunFolder, replacing

BESIDE = (".truth.json", ".truth.csv", ".metadata.csv", ".units.json")
"""Endings of files that belong to a data file and are none themselves."""

_NOT_PLAIN = re.compile(r"[^A-Za-z0-9._-]+")
MAX_NAME = 60


def plain_name(text: str) -> str:
    """``text`` as a file name that is safe everywhere and cannot leave its folder.

    >>> plain_name("../My data (2).npz")
    'My-data-2-.npz'
    """
    return _NOT_PLAIN.sub("-", text).strip("-. ")[:MAX_NAME] or "unnamed"


class Workspace:
    """The datasets and runs of one person or group."""

    def __init__(self, root: Path | str | None = None) -> None:
        """Use ``root``, or CAUSALPIMA_WORKSPACE, or ``.causalpima`` in the home folder."""
        chosen = root or os.environ.get("CAUSALPIMA_WORKSPACE") or Path.home() / ".causalpima"
        self.root = Path(chosen).absolute()

    @property
    def datasets_folder(self) -> Path:
        """Where data files lie."""
        return self.root / "datasets"

    @property
    def runs_folder(self) -> Path:
        """Where run folders lie."""
        return self.root / "runs"

    def runs(self) -> list[RunFolder]:
        """All runs, newest first."""
        folders = [p for p in self.runs_folder.glob("[!.]*") if (p / "config.json").is_file()]
        # Not the folder's own time, which a title or a name given much later would change.
        written = {p: (p / "config.json").stat().st_mtime for p in folders}
        return [RunFolder(p) for p in sorted(folders, key=lambda p: -written[p])]

    def run(self, name: str) -> RunFolder:
        """The run of that name; `RunFolderError` where there is none."""
        if name != plain_name(name):
            raise RunFolderError(f"'{name}' is not the name of a run.")
        return RunFolder(self.runs_folder / name).require()

    def new_run_path(self, name: str) -> Path:
        """A free place for a run called ``name``; numbered where the name is taken."""
        plain = plain_name(name)
        path, number = self.runs_folder / plain, 2
        while path.exists():
            path, number = self.runs_folder / f"{plain}-{number}", number + 1
        return path

    def datasets(self) -> list[Path]:
        """All data files, newest first."""
        files = [
            path
            for path in self.datasets_folder.glob("[!.]*")
            if path.is_file() and not path.name.endswith(BESIDE)
        ]
        return sorted(files, key=lambda path: -path.stat().st_mtime)

    def dataset(self, name: str) -> Path:
        """The data file of that name; `RunFolderError` where there is none."""
        path = self.datasets_folder / name
        if name != plain_name(name) or not path.is_file():
            raise RunFolderError(f"There is no dataset '{name}' here: upload it on the Data page.")
        return path

    def keep_upload(self, name: str, content: bytes) -> Path:
        """Store an uploaded file under its name and content, once however often it comes."""
        plain = Path(plain_name(name))
        digest = hashlib.sha256(content).hexdigest()[:8]
        ending = f"-{digest}{plain.suffix[:12]}"
        path = self.datasets_folder / (plain.stem[: MAX_NAME - len(ending)] + ending)
        if not path.exists():
            self.datasets_folder.mkdir(parents=True, exist_ok=True)
            with replacing(path) as file:
                file.write(content)
        return path

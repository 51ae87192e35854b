"""Starting, watching and stopping UMAP for a run; finished ones are kept beside the runs.

A job is its folder, named by what is embedded, so a reload or a second person finds the same one.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
from numpy.typing import NDArray

from app.services.loaders import workspace
from causalpima_core.runs.supervisor import worker_environment

_STARTED: list[subprocess.Popen[bytes]] = []
"""Our own children, kept so that those that ended are collected when the next one starts."""


@dataclass(frozen=True)
class UmapJob:
    """One embedding on disk, finished or not."""

    folder: Path

    def points(self) -> NDArray[np.float32] | None:
        """The embedding ``(n, k)``; None while there is none."""
        path = self.folder / "points.npy"
        return np.load(path, allow_pickle=False) if path.is_file() else None

    def progress(self) -> float:
        """Fraction done, as last written."""
        path = self.folder / "progress"
        text = path.read_text() if path.is_file() else ""
        return float(text) if text else 0.0

    def process(self) -> psutil.Process | None:
        """The process that works on it, if one still does."""
        path = self.folder / "process"
        if not path.is_file():
            return None
        pid, created = path.read_text().split()
        try:
            process = psutil.Process(int(pid))
            alive = process.status() != psutil.STATUS_ZOMBIE
            same = abs(process.create_time() - float(created)) < 1.0
        except psutil.NoSuchProcess:
            return None
        return process if alive and same else None

    def complaint(self) -> str:
        """Why the last attempt ended without points; empty where there was none."""
        log = self.folder / "log.txt"
        if not log.is_file() or self.process() or (self.folder / "points.npy").is_file():
            return ""
        lines = log.read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else ""

    def stop(self) -> None:
        """End the process; asking twice is harmless."""
        process = self.process()
        if process:
            process.terminate()
        (self.folder / "log.txt").unlink(missing_ok=True)
        (self.folder / "process").unlink(missing_ok=True)


def job_for(latent: NDArray[np.float32], dimensions: int) -> UmapJob:
    """The one job for these latents in so many dimensions."""
    content = np.ascontiguousarray(latent)
    digest = hashlib.sha256(content.tobytes() + bytes([dimensions])).hexdigest()[:16]
    return UmapJob(workspace().root / "projections" / digest)


def start(job: UmapJob, latent: NDArray[np.float32], dimensions: int) -> None:
    """Start the process unless it runs already."""
    if job.process():
        return
    job.folder.mkdir(parents=True, exist_ok=True)
    np.save(job.folder / "latent.npy", latent)
    (job.folder / "dimensions").write_text(str(dimensions))
    (job.folder / "progress").write_text("0.0")
    cache = os.environ.get(
        "NUMBA_CACHE_DIR", str(workspace().shared_root / "projections" / "numba")
    )
    with (job.folder / "log.txt").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - our own module, arguments as a list
            [sys.executable, "-m", "app.services.umap_process", str(job.folder)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            env=worker_environment() | {"NUMBA_CACHE_DIR": cache},
        )
    _STARTED[:] = [other for other in _STARTED if other.poll() is None]
    _STARTED.append(process)
    created = psutil.Process(process.pid).create_time()
    (job.folder / "process").write_text(f"{process.pid} {created}")

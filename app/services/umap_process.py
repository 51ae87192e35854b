"""UMAP in a process of its own: importing it takes seconds a page does not have.

Run as ``python -m app.services.umap_process FOLDER``: reads ``latent.npy``, writes ``done`` as a
fraction to ``progress`` and, last of all, ``points.npy``.
"""

from __future__ import annotations

import io
import os
import re
import sys
from pathlib import Path

import numpy as np

NEIGHBOURS = 15
_PERCENT = re.compile(r"(\d+)%")


class _Progress(io.TextIOBase):
    """Takes what tqdm prints for a terminal and keeps the last percentage in a file."""

    def __init__(self, path: Path, start: float) -> None:
        self.path, self.start = path, start

    def write(self, text: str) -> int:
        found = _PERCENT.findall(text)
        if found:
            self.path.write_text(f"{self.start + (1 - self.start) * int(found[-1]) / 100:.3f}")
        return len(text)


def embed(folder: Path) -> None:
    """Lay out ``latent.npy``; the same latents give the same points."""
    latent = np.load(folder / "latent.npy", allow_pickle=False)
    dimensions = int((folder / "dimensions").read_text())
    progress = folder / "progress"
    progress.write_text("0.05")
    from sklearn.neighbors import NearestNeighbors
    from umap import UMAP

    progress.write_text("0.35")
    neighbours = min(NEIGHBOURS, len(latent) - 1)
    search = NearestNeighbors(n_neighbors=neighbours).fit(latent)
    distances, indices = search.kneighbors(latent)
    progress.write_text("0.45")
    points = UMAP(
        n_components=dimensions,
        n_neighbors=neighbours,
        init="pca",
        random_state=0,
        n_jobs=1,
        precomputed_knn=(indices, distances),
        verbose=True,
        tqdm_kwds={"file": _Progress(progress, 0.45), "bar_format": "{percentage:.0f}%"},
    ).fit_transform(latent)
    draft = folder / "points.draft.npy"
    np.save(draft, np.asarray(points, dtype=np.float32))
    draft.replace(folder / "points.npy")


if __name__ == "__main__":
    os.nice(10)  # the pages, which people wait for, come first
    embed(Path(sys.argv[1]))

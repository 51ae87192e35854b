"""UMAP on demand: start it, watch it, stop it, and use it once it is there."""

from __future__ import annotations

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from app.charts.scatter import subsample
from app.services import umap_jobs
from app.services.projections import Projection
from app.services.umap_jobs import UmapJob

TITLES = ("UMAP 1", "UMAP 2", "UMAP 3")


def embedding(latent: NDArray[np.float32], dimensions: int) -> Projection | None:
    """The finished embedding; until then None, with the means to get it on the page.

    Only as many samples as can be drawn are embedded; the others' points stay undefined.
    """
    rows = subsample(len(latent))
    job = umap_jobs.job_for(latent[rows], dimensions)
    points = job.points()
    if points is not None:
        placed = np.full((len(latent), dimensions), np.nan)
        placed[rows] = points
        return Projection(placed, TITLES[:dimensions])
    if job.process() is not None:
        st.fragment(_watch, run_every=1.0)(job)
        return None
    complaint = job.complaint()
    if complaint:
        st.warning(f"UMAP ended without a result: {complaint}")
    st.caption("UMAP runs in the background, some 10 to 60 s; the result is kept for next time.")
    if st.button("Compute UMAP", type="primary", key="umap.start"):
        umap_jobs.start(job, latent[rows], dimensions)
        st.rerun()
    return None


def _watch(job: UmapJob) -> None:
    if job.process() is None:
        st.rerun()
    done = job.progress()
    st.progress(min(done, 1.0), "Loading UMAP …" if done < 0.35 else "Laying out the samples …")
    if st.button("Stop", key="umap.stop"):
        job.stop()
        st.rerun()

"""UMAP on demand: in a process of its own, found again, and stopped when asked."""

from __future__ import annotations

import time

import numpy as np
import pytest

from app.services import umap_jobs

LATENT = np.random.default_rng(0).normal(size=(300, 4)).astype(np.float32)
LATENT[150:] += 12


def wait_for(condition, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.2)


@pytest.mark.slow
def test_groups_come_apart_and_the_result_is_found_again():
    job = umap_jobs.job_for(LATENT, 2)
    umap_jobs.start(job, LATENT, 2)
    wait_for(lambda: job.points() is not None, 180)
    points = umap_jobs.job_for(LATENT.copy(), 2).points()
    assert points is not None
    assert points.shape == (300, 2)
    centres = points[:150].mean(0), points[150:].mean(0)
    spread = points[:150].std() + points[150:].std()
    assert np.linalg.norm(centres[0] - centres[1]) > spread
    assert umap_jobs.job_for(LATENT, 3).points() is None


def test_a_job_can_be_stopped_twice_and_started_again():
    job = umap_jobs.job_for(LATENT, 3)
    umap_jobs.start(job, LATENT, 3)
    assert job.process() is not None
    job.stop()
    job.stop()
    wait_for(lambda: job.process() is None, 20)
    assert job.complaint() == ""
    umap_jobs.start(job, LATENT, 3)
    assert job.process() is not None
    job.stop()

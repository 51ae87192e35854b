"""What a run says of itself while it trains and when it is done; plain values, free of torch."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict


class RunState(StrEnum):
    """Where a run stands."""

    QUEUED = "queued"
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Whether no process works on the run any more."""
        return self not in (RunState.QUEUED, RunState.RUNNING)


class Stage(StrEnum):
    """The stages of training, in their order."""

    WARM_UP = "warm-up"
    CANDIDATES = "candidates"
    JOINT = "joint"
    DISTIL = "distil"
    HARDENING = "hardening"

    @property
    def label(self) -> str:
        """The stage in words a scientist reads."""
        return {
            "warm-up": "Learning a latent space",
            "candidates": "Looking for features",
            "joint": "Learning features and graph together",
            "distil": "Learning what each modality tells alone",
            "hardening": "Deciding the graph",
        }[self.value]


class Status(BaseModel):
    """`status.json`: small, rewritten often, all that a page polls.

    Attributes:
        epoch: epochs done of all stages; ``epochs`` is their total.
        eta_seconds: expected seconds to the end; None where not yet known.
        heartbeat: Unix time of the last sign of life.
        queued: Unix time since when the run waits its turn; None unless it does.
        gpu: the one it was given where there are several to share; None elsewhere.
        pid: process that trains; with ``process_created`` it names one process for good.
        reason: why the run failed, in one sentence.
        notes: what the run has to say in words so far.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    state: RunState
    stage: Stage | None = None
    epoch: int = 0
    epochs: int = 0
    eta_seconds: float | None = None
    heartbeat: float = 0.0
    queued: float | None = None
    gpu: str | None = None
    pid: int | None = None
    process_created: float | None = None
    started: float | None = None
    ended: float | None = None
    reason: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def waits(self) -> bool:
        """Whether the run stands in the queue, so that having no process is no fault."""
        return self.state is RunState.QUEUED and self.queued is not None


@dataclass(frozen=True)
class StageRecord:
    """A stage has begun; ``epochs`` is the total over all stages as now expected."""

    stage: Stage
    epoch: int
    epochs: int


@dataclass(frozen=True)
class BatchRecord:
    """A sign of life within an epoch: ``done`` of ``total`` epochs, as a fraction."""

    stage: Stage
    done: float
    total: int


@dataclass(frozen=True)
class EpochRecord:
    """Named terms of the loss after an epoch, per sample, in nats.

    ``terms`` has the ELBO's terms as ``train/…`` and ``held_out/…``.
    """

    stage: Stage
    epoch: int
    step: int
    terms: dict[str, float]


@dataclass(frozen=True)
class NoteRecord:
    """A sentence for the person who watches."""

    text: str


@dataclass(frozen=True)
class Snapshot:
    """What the live page draws: one moment of latent space, components and graph.

    Attributes:
        epoch: epochs done when it was taken.
        stage: stage it was taken in.
        temperature: of the graph's edges; 0 once decided.
        sample: indices of the samples shown, shape ``(s,)``.
        latent: their latent means, shape ``(s, d)``.
        component: their most probable component, shape ``(s,)``; -1 before there are any.
        means: component means, shape ``(C, d)``; ``C`` is 0 before there are any.
        covariances: shape ``(C, d, d)``.
        weights: component weights, shape ``(C,)``.
        edges: weight of edge i -> j at ``[i, j]``, shape ``(L, L)``, in [0, 1].
        separation: of each node, shape ``(L,)``, in [0, 1]; 0 before there are components.
    """

    epoch: int
    stage: Stage
    temperature: float
    sample: NDArray[np.int64]
    latent: NDArray[np.float32]
    component: NDArray[np.int64]
    means: NDArray[np.float32]
    covariances: NDArray[np.float32]
    weights: NDArray[np.float32]
    edges: NDArray[np.float32]
    separation: NDArray[np.float32]


Record = StageRecord | BatchRecord | EpochRecord | NoteRecord | Snapshot

"""How far training has come and what it has spent."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from causalpima_core.runs.records import Stage


@dataclass
class Position:
    """How far training has come; goes into the checkpoint as it is.

    Attributes:
        epoch: epochs done of all stages.
        step: optimiser steps done.
        cycle: warm-up cycle under way.
        joint_from: epoch at which joint training began; None before.
        distil_from: epoch at which it was over and distillation began; None before.
        best: best held-out ELBO of joint training so far.
        since_best: epochs since then.
        stopped: joint training stopped early.
        seconds: spent by stage.
    """

    epoch: int = 0
    step: int = 0
    cycle: int = 0
    joint_from: int | None = None
    distil_from: int | None = None
    best: float | None = None
    since_best: int = 0
    stopped: bool = False
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def clock(self, stage: Stage) -> Iterator[None]:
        """Add the time spent inside to a stage's total."""
        began = time.perf_counter()
        try:
            yield
        finally:
            spent = time.perf_counter() - began
            self.seconds[stage.value] = self.seconds.get(stage.value, 0.0) + spent

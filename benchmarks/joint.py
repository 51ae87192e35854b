"""Joint training alone, from groups that are known, so that its time and memory can be measured."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from time import perf_counter, process_time

import numpy as np
from numpy.typing import NDArray

from causalpima_core.config import ModelConfig, TrainingConfig
from causalpima_core.data.factors import Truth
from causalpima_core.data.multimodal import MultimodalDataset
from causalpima_core.runs.records import Record
from causalpima_core.samples import Samples
from causalpima_core.training.loop import Trainer
from causalpima_core.training.start import Start

ENDLESS_PATIENCE = 10**9


@dataclass(frozen=True)
class Spent:
    """Time of one piece of work.

    Attributes:
        cpu: seconds the processor worked on it; hardly moved by what else the machine does.
        clock: seconds by the clock.
    """

    cpu: float
    clock: float


class Timer:
    """Times what is done inside it.

    Attributes:
        spent: once it is over.
    """

    spent: Spent

    def __enter__(self) -> Timer:
        """Begin."""
        self._began = process_time(), perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        """End."""
        self.spent = Spent(process_time() - self._began[0], perf_counter() - self._began[1])


class KnownStart(Trainer):
    """A trainer that begins with joint training, for a given number of epochs, and ends there."""

    def __init__(
        self,
        dataset: MultimodalDataset,
        outcome: NDArray[np.int64],
        states: tuple[int, ...],
        epochs: int,
        seed: int = 0,
    ) -> None:
        """Networks are untrained, which costs as much as trained ones do.

        Args:
            dataset: to train on.
            outcome: joint outcome of each sample, shape ``(n,)``.
            states: number of states of each node.
            epochs: of joint training.
            seed: of everything random.
        """
        training = TrainingConfig.parse(seed=seed, patience=ENDLESS_PATIENCE)
        super().__init__(dataset, ModelConfig.parse(states=states), training)
        self.known = outcome[self.train_rows]
        self.joint_epochs, self.distil_epochs = epochs, 0

    def _warm_up_cycle(self) -> Iterator[Record]:
        """None."""
        yield from ()

    def _look_for_start(self) -> Iterator[Record]:
        """What is known."""
        self.start = Start(self.model.config.states, self.known, "known", gains=(), views=())
        self.start_networks = self._networks()
        self._begin_joint(self.some(self.train_rows), self.start)
        yield from ()

    def _mended(self, data: Samples, start: Start) -> Start:
        """As it is known."""
        return start

    @property
    def steps(self) -> int:
        """Optimiser steps of all epochs together."""
        return self.joint_epochs * max(1, len(self.train_rows) // self.batch_size)


def outcomes_of(truth: Truth) -> NDArray[np.int64]:
    """True joint outcome of each sample, shape ``(n,)``."""
    return np.ravel_multi_index(tuple(truth.outcomes.T), truth.states)


def train_jointly(trainer: KnownStart) -> Spent:
    """All of joint training, with what it does once an epoch; nothing is written."""
    with Timer() as timer:
        for _ in trainer.run():
            pass
    return timer.spent

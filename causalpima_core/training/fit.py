"""How well a division into joint outcomes fits the samples, and which of two fits better."""

from __future__ import annotations

from dataclasses import dataclass

from causalpima_core.training.appearance import MISSHAPEN

CLEAR_ENTROPY = 0.002
"""Nats below which groups are clear."""
OVERLAP = 0.015
"""Assignment entropy, nats, above which the groups overlap: true divisions of examples with clear
nodes have at most 0.014, continua cut into pieces at least 0.021."""
NONADDITIVE_COST = 1.0
"""Nats that a division with nothing additive about it counts worse than an additive one."""


@dataclass(frozen=True)
class Fit:
    """What speaks against a division.

    Attributes:
        entropy: assignment entropy, nats per sample.
        nonadditive: share of what its cells look like that is no sum of single nodes' effects.
    """

    entropy: float
    nonadditive: float

    @property
    def cost(self) -> float:
        """Assignment entropy, and more for what speaks against cells however clear they are.

        Entropy alone preferred styles of handwriting over brightness: they divide some digits just
        as clearly, but not all alike. Where a true factor overlaps, it preferred cells that mix
        states of another, which every cell then tells apart and no node does.
        """
        return self.entropy + NONADDITIVE_COST * self.nonadditive

    @property
    def overlaps(self) -> bool:
        """Whether groups run into each other."""
        return self.entropy > OVERLAP

    @property
    def is_misshapen(self) -> bool:
        """Whether groups look like no combinations of nodes."""
        return self.nonadditive > MISSHAPEN

    @property
    def is_clear(self) -> bool:
        """Whether nothing about the groups is undecided, and they look like combinations."""
        return self.entropy < CLEAR_ENTROPY and not self.is_misshapen

    def is_better(self, other: Fit, by: float = 0.0) -> bool:
        """Whether it costs less, by so many nats; clear groups are never given up for blurred ones.

        Those may add up better and are still not there. Groups that are neither have no such
        privilege: where a factor overlaps by its nature, the true ones are blurred and others less.
        """
        if self.is_clear and other.overlaps:
            return True
        if other.is_clear and self.overlaps:
            return False
        return self.cost < other.cost - by

"""What a curve is drawn over: its scale, and what is written at the axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from causalpima_core.data.multimodal import Modality
from causalpima_core.runs.results import ExpertResult


@dataclass(frozen=True)
class Axes:
    """Where curves have a scale of their own: its ends, and what is written at the axes."""

    start: float
    stop: float
    x: str
    y: str
    points: tuple[float, ...] = ()
    """Where each point is, where they are not evenly spread."""

    def along(self, n_points: int) -> NDArray[np.floating]:
        """Where each of a curve's points is."""
        return np.asarray(self.points or np.linspace(self.start, self.stop, n_points))

    @classmethod
    def of(cls, modality: Modality, laws: Sequence[ExpertResult] = ()) -> Axes:
        """Those of the law that the modality was given, else those that the data state."""
        law = next((law for law in laws if law.modality == modality.name), None)
        return cls.of_law(law) if law else cls.of_modality(modality)

    @classmethod
    def of_modality(cls, modality: Modality) -> Axes:
        """Those that the data state; the index of points where they state none."""
        y = with_unit(modality.name, modality.unit)
        if not modality.axis:
            return cls(0, modality.shape[-1] - 1, "point", y)
        x = with_unit("t", modality.axis_unit)
        return cls(modality.axis[0], modality.axis[-1], x, y, modality.axis)

    @classmethod
    def of_points(cls, n_points: int, name: str) -> Axes:
        """Those of a curve of which nothing is known but its points."""
        return cls(0, n_points - 1, "point", name)

    @classmethod
    def of_law(cls, law: ExpertResult) -> Axes:
        """Those that known physics gives a curve."""
        return cls(*law.axis, with_unit("t", law.axis_unit), with_unit(law.modality, law.unit))


def with_unit(name: str, unit: str) -> str:
    """What is written at an axis.

    >>> with_unit("t", "s"), with_unit("strain", "")
    ('t [s]', 'strain')
    """
    return f"{name} [{unit}]" if unit else name

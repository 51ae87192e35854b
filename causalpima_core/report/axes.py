"""What a curve is drawn over: its scale, and what is written at the axes."""

from __future__ import annotations

from dataclasses import dataclass

from causalpima_core.runs.results import ExpertResult


@dataclass(frozen=True)
class Axes:
    """Where curves have a scale of their own: its ends, and what is written at the axes."""

    start: float
    stop: float
    x: str
    y: str

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

"""How the values of a modality are scaled for training: a choice that each run records."""

from __future__ import annotations

from enum import StrEnum


class Scale(StrEnum):
    """What training sees of a value; what comes back is in the data's units either way.

    Attributes:
        STANDARD: distance from the mean in standard deviations. The mean is that of each channel
            of an image, each point of a curve, each column of a table; the deviation that of the
            whole modality, for tables of each column.
        MIN_MAX: place between the least and the greatest value, from 0 to 1: of the whole
            modality, for tables of each column.
    """

    STANDARD = "standard"
    MIN_MAX = "min-max"

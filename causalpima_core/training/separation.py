"""How cleanly samples fall into a node's states, as a number and in words."""

from __future__ import annotations

from math import log

import numpy as np
from numpy.typing import NDArray

from causalpima_core.training.assignment import mean_entropy


def separations(posteriors: list[NDArray[np.floating]]) -> NDArray[np.float64]:
    """1 minus mean entropy over the log of the number of states, for every node.

    Args:
        posteriors: for node j its states' posterior, shape ``(n, K_j)`` (see
            `outcomes.node_posteriors`).
    """
    return np.array([1 - mean_entropy(p) / log(p.shape[1]) for p in posteriors])

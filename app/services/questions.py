"""What a run's model says of one sample, asked once per run, sample and given modalities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from app.services.models import model_of, version_of
from causalpima_core.data.multimodal import MultimodalDataset
from causalpima_core.errors import DataError
from causalpima_core.runs.store import RunFolder

if TYPE_CHECKING:
    from causalpima_core.queries import Counterfactual, Prediction


@dataclass(frozen=True)
class Sample:
    """One sample to ask about.

    Attributes:
        dataset: it alone, with what was measured of it.
        key: what tells it from any other sample of any file, for caches.
    """

    dataset: MultimodalDataset
    key: tuple[str, ...]

    def measured(self, modality: str) -> NDArray[np.float32] | None:
        """Its own measurement, where there is one."""
        return self.dataset[modality].values[0] if modality in self.dataset.names else None


@dataclass(frozen=True)
class Belief:
    """What is believed of a sample's nodes.

    Attributes:
        chances: per node the probability of each state.
        component: the most probable joint outcome.
    """

    chances: tuple[NDArray[np.float64], ...]
    component: int


def sample_of(dataset: MultimodalDataset, row: int, known: tuple[str, ...], file: str) -> Sample:
    """A row of a dataset, with what was measured of it.

    Args:
        dataset: of the run or of a person's own.
        row: of the sample.
        known: modalities that the run was trained on.
        file: what tells the dataset from any other.

    Raises:
        DataError: it has none of the modalities.
    """
    names = [m.name for m in dataset.modalities if m.name in known and m.observed[row]]
    if not names:
        raise DataError(
            f"Sample '{dataset.sample_id[row]}' has none of the modalities {', '.join(known)} that "
            "the run was trained on."
        )
    return Sample(dataset.only([row], names), (file, str(row)))


def prediction(
    folder: RunFolder, sample: Sample, given: tuple[str, ...], target: str
) -> Prediction:
    """One modality from those given.

    Raises:
        DataError: those given do not tell anything of another.
    """
    return _predicted(version_of(folder), sample.key, given, target, folder, sample)


def belief(folder: RunFolder, sample: Sample, given: tuple[str, ...]) -> Belief:
    """The nodes, from the modalities given."""
    return _believed(version_of(folder), sample.key, given, folder, sample)


def counterfactual(
    folder: RunFolder, sample: Sample, given: tuple[str, ...], node: str, state: int
) -> Counterfactual:
    """The sample as the given modalities tell it, had a node been in a state."""
    return _would_be(version_of(folder), sample.key, given, (node, state), folder, sample)


# What begins with an underscore is not part of a cache's key: version, sample and given are enough.


@st.cache_data(show_spinner="Asking the model …", max_entries=200)
def _predicted(
    version: tuple[str, float],
    key: tuple[str, ...],
    given: tuple[str, ...],
    target: str,
    _folder: RunFolder,
    _sample: Sample,
) -> Prediction:
    return model_of(_folder).predict(_sample.dataset.only([0], given), target)


@st.cache_data(show_spinner="Asking the model …", max_entries=200)
def _believed(
    version: tuple[str, float],
    key: tuple[str, ...],
    given: tuple[str, ...],
    _folder: RunFolder,
    _sample: Sample,
) -> Belief:
    from causalpima_core.outcomes import node_posteriors  # torch, which the model has loaded

    model = model_of(_folder)
    outcomes = model.posterior(_sample.dataset.only([0], given))
    nodes = node_posteriors(outcomes, model.config.states)
    return Belief(tuple(chances[0] for chances in nodes), int(outcomes[0].argmax()))


@st.cache_data(show_spinner="Asking the model …", max_entries=200)
def _would_be(
    version: tuple[str, float],
    key: tuple[str, ...],
    given: tuple[str, ...],
    do: tuple[str, int],
    _folder: RunFolder,
    _sample: Sample,
) -> Counterfactual:
    return model_of(_folder).counterfactual(_sample.dataset.only([0], given), dict([do]))

"""One run to be made: which data, how damaged, and by which method."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from benchmarks.ablations import Part
from benchmarks.unlike import UNLIKE
from causalpima_core.data.catalogue import EXAMPLES, ExampleInfo
from causalpima_core.data.examples import draw_example
from causalpima_core.data.factors import GRAPHS, Truth
from causalpima_core.data.multimodal import MultimodalDataset
from causalpima_core.errors import ConfigError

Method = Literal["causalpima", "pca", "pima", "multivae"]
EVERY_GRAPH = ("circles", "lattice", "coloured-digits")
FEW_GRAPHS = ("chain", "collider")
SUITES: dict[str, ExampleInfo] = EXAMPLES | UNLIKE


def default_graphs(suite: str) -> tuple[str, ...]:
    """Graphs that a suite is run on unless told."""
    return tuple(GRAPHS) if suite in EVERY_GRAPH else FEW_GRAPHS


class Task(BaseModel):
    """All that decides a run; two equal tasks give the same run.

    Attributes:
        suite: a key of `SUITES`.
        graph: it is drawn from.
        seed: of data and training.
        method: who is to recover the truth.
        preset: of training.
        samples: how many; None for the example's own number.
        missing: share of samples that lack a modality.
        missing_from: which one; None for that which `spared_modality` names. Only samples that have
            it count then, as it may show a factor alone.
        vacant: how many joint outcomes, the rarest ones, no sample has.
        only_modality: the only one the method sees; None for all.
        states: told to the method, or left to it ("auto").
        expert: known physics of a modality, as ``MODALITY=NAME`` or formula; None for none.
        without: part of the method that is left out; None for none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    suite: str
    graph: str
    seed: int
    method: Method = "causalpima"
    preset: str = "standard"
    samples: int | None = None
    missing: float = 0.0
    missing_from: str | None = None
    vacant: int = 0
    only_modality: str | None = None
    states: Literal["true", "auto"] = "true"
    expert: str | None = None
    without: Part | None = None

    @property
    def variant(self) -> str:
        """The method and everything about the task that is not ordinary, in words."""
        said = [str(self.method)]
        said += [f"{self.samples} samples"] if self.samples else []
        source = f" from {self.missing_from}" if self.missing_from else ""
        said += [f"{self.missing:.0%} missing{source}"] if self.missing else []
        said += [f"{self.vacant} vacant"] if self.vacant else []
        said += [f"only {self.only_modality}"] if self.only_modality else []
        said += [f"{self.expert.partition('=')[0]} by physics"] if self.expert else []
        said += [f"without {self.without}"] if self.without else []
        said += ["states auto"] if self.states == "auto" else []
        return ", ".join(said)

    def make(self) -> tuple[MultimodalDataset, Truth]:
        """The data as the method sees them, and the truth.

        Raises:
            ConfigError: the suite has no such modality, or none that can be missing.
        """
        dataset, truth = draw_example(SUITES[self.suite], self.samples, self.seed, self.graph)
        if self.vacant:
            dataset, truth = without_rarest(dataset, truth, self.vacant)
        if self.missing:
            name = self.missing_from or spared_modality(SUITES[self.suite])
            rng = np.random.default_rng([self.seed, *b"missing"])
            dataset = without_rows(dataset, name, self.missing, rng)
        if self.only_modality:
            dataset = with_only(dataset, self.only_modality)
        return dataset, truth


def spared_modality(info: ExampleInfo) -> str:
    """The last modality that shows no factor alone: without it everything can still be known.

    Raises:
        ConfigError: there is none.
    """
    shown = list(info.shown_in.values())
    names = list(dict.fromkeys(name for modalities in shown for name in modalities))
    spared = [name for name in names if (name,) not in shown]
    if not spared:
        raise ConfigError(
            f"'{info.name}' has no modality that can be missing (each shows some factor alone): "
            "leave out --missing."
        )
    return spared[-1]


def without_rows(
    dataset: MultimodalDataset, name: str, share: float, rng: np.random.Generator
) -> MultimodalDataset:
    """The same data with a modality missing in a random share of the samples.

    Raises:
        ConfigError: there is no such modality.
    """
    _refuse_unknown(dataset, name)
    values = dataset[name].values.copy()
    values[rng.permutation(len(values))[: round(share * len(values))]] = np.nan
    modalities = tuple(
        replace(m, values=values) if m.name == name else m for m in dataset.modalities
    )
    return replace(dataset, modalities=modalities)


def without_rarest(
    dataset: MultimodalDataset, truth: Truth, vacant: int
) -> tuple[MultimodalDataset, Truth]:
    """The same data without the samples of the rarest joint outcomes."""
    outcome = np.ravel_multi_index(tuple(truth.outcomes.T), truth.states)
    counts = np.bincount(outcome, minlength=prod(truth.states))
    rows = np.flatnonzero(~np.isin(outcome, np.argsort(counts, kind="stable")[:vacant]))
    kept = MultimodalDataset(
        tuple(replace(m, values=m.values[rows]) for m in dataset.modalities),
        dataset.sample_id[rows],
        dataset.metadata.iloc[rows].reset_index(drop=True),
    )
    return kept, replace(truth, outcomes=truth.outcomes[rows])


def with_only(dataset: MultimodalDataset, name: str) -> MultimodalDataset:
    """The same samples in one modality.

    Raises:
        ConfigError: there is no such modality.
    """
    _refuse_unknown(dataset, name)
    return replace(dataset, modalities=(dataset[name],))


def _refuse_unknown(dataset: MultimodalDataset, name: str) -> None:
    if name not in dataset.names:
        raise ConfigError(f"Unknown modality '{name}': expected one of {', '.join(dataset.names)}.")

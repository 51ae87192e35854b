"""Every setting of a run as frozen, validated values that read from and write to JSON.

Imported by what the page polls, so it must stay free of torch.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from graphlib import CycleError, TopologicalSorter
from itertools import compress
from math import prod
from typing import Annotated, Any, Self, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from causalpima_core.data.scale import Scale
from causalpima_core.errors import ConfigError
from causalpima_core.experts.spec import parse_expert

MAX_NODES = 8
MAX_OUTCOMES = 512
PRESETS = {
    "quick": {"warm_up_cycles": 1, "joint_steps": 120},
    "standard": {"warm_up_cycles": 3, "joint_steps": 250},
    "thorough": {"warm_up_cycles": 8, "joint_steps": 800},
}
SMALL_FACTOR = 3
SEARCHED_SAMPLES = 20_000
"""Samples that groups are looked for in at most: neighbourhoods and the fits of many mixtures to
more would take hours, and gigabytes, to find the same groups."""
AUTO = "auto"
LEAST_LATENT = 12
"""Latent dimensions unless told: in 8, nuisance of one modality hid a factor that another shows."""
IN_MEMORY = "in memory"
Edge = tuple[str, str]
T = TypeVar("T")


class Preset(StrEnum):
    """How long to look: the same method with more or fewer epochs."""

    QUICK = "quick"
    STANDARD = "standard"
    THOROUGH = "thorough"


class Covariance(StrEnum):
    """Shape of one component in the latent space."""

    DIAGONAL = "diagonal"
    FULL = "full"


def node_names(n_nodes: int) -> tuple[str, ...]:
    """Names of the nodes as every file and option spells them.

    >>> node_names(2)
    ('node_1', 'node_2')
    """
    return tuple(f"node_{j + 1}" for j in range(n_nodes))


def states_in_words(states: tuple[int, ...]) -> str:
    """Numbers of states as every page spells them.

    >>> states_in_words((2, 3))
    '2 × 3'
    """
    return " × ".join(str(k) for k in states)


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def parse(cls, **values: Any) -> Self:  # noqa: ANN401 - pydantic validates the values
        """Build from keyword values; a bad one is a `ConfigError` of one sentence."""
        return _one_sentence(lambda: cls(**values))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what ``model_dump_json`` wrote; anything else is a `ConfigError`."""
        return _one_sentence(lambda: cls.model_validate_json(text))


class Knowledge(_Frozen):
    """What is known of the graph beforehand; learned graphs cannot violate it.

    Attributes:
        forbidden: edges (source, target) that must not be there.
        required: edges that must be there.
        tiers: node -> tier; no path leads from a higher tier to a lower one.
    """

    forbidden: tuple[Edge, ...] = ()
    required: tuple[Edge, ...] = ()
    tiers: dict[str, int] = Field(default_factory=dict)

    def allows(self, source: str, target: str) -> bool:
        """Whether an edge source -> target may exist at all."""
        tiers = self.tiers
        backwards = source in tiers and target in tiers and tiers[source] > tiers[target]
        reversed_required = (target, source) in self.required
        return not (backwards or reversed_required or (source, target) in self.forbidden)

    def allowed_mask(self, nodes: tuple[str, ...]) -> NDArray[np.bool_]:
        """``[i, j]`` True where an edge i -> j may exist, shape ``(L, L)``."""
        return np.array([[i != j and self.allows(i, j) for j in nodes] for i in nodes])

    def required_mask(self, nodes: tuple[str, ...]) -> NDArray[np.bool_]:
        """``[i, j]`` True where an edge i -> j must exist, shape ``(L, L)``."""
        return np.array([[(i, j) in self.required for j in nodes] for i in nodes])

    def before(self, nodes: tuple[str, ...]) -> NDArray[np.bool_]:
        """``[i, j]`` True where i comes before j by a required edge or by the tiers."""
        tiers = self.tiers
        earlier = [
            [i in tiers and j in tiers and tiers[i] < tiers[j] for j in nodes] for i in nodes
        ]
        return self.required_mask(nodes) | np.array(earlier)

    def check(self, nodes: tuple[str, ...]) -> None:
        """Raise `ConfigError` unless at least one graph over ``nodes`` satisfies everything."""
        for name in [n for e in (*self.forbidden, *self.required) for n in e] + list(self.tiers):
            if name not in nodes:
                raise ConfigError(
                    f"Unknown node '{name}': expected one of {', '.join(nodes)}; "
                    "correct the name or add a node with --states."
                )
        for source, target in (*self.forbidden, *self.required):
            if source == target:
                raise ConfigError(
                    f"An edge from '{source}' to itself is not possible: name two different nodes."
                )
        for source, target in self.required:
            if (source, target) in self.forbidden:
                raise ConfigError(
                    f"Edge {source}:{target} is both required and forbidden: remove one of the two."
                )
            if not self.allows(source, target) and (target, source) not in self.required:
                raise ConfigError(
                    f"Required edge {source}:{target} runs against the tiers "
                    f"({source} is in tier {self.tiers[source]}, {target} in tier "
                    f"{self.tiers[target]}): change the tiers or drop the edge."
                )
        self._check_order(nodes)

    def _check_order(self, nodes: tuple[str, ...]) -> None:
        """Required edges and tiers together must leave some order of the nodes possible."""
        before = self.before(nodes)
        order = TopologicalSorter(
            {node: compress(nodes, before[:, j]) for j, node in enumerate(nodes)}
        )
        try:
            order.prepare()
        except CycleError as error:
            raise ConfigError(
                f"The required edges (with the tiers) form a cycle: {' -> '.join(error.args[1])}; "
                "a causal graph has none, so drop one of them."
            ) from error


class ModelConfig(_Frozen):
    """What is modelled: nodes, latent space, what is known of the graph and of the physics.

    Attributes:
        states: of each node; given as "auto" they are chosen from the data, and empty until then.
        from_data: whether they are chosen from the data.
        experts: modality -> known physics of its curves, written as `experts.spec` reads it.
        scales: modality -> how its values are scaled, where that is not by mean and deviation.
    """

    states: tuple[int, ...]
    from_data: bool = False
    latent_dim: Annotated[int, Field(ge=2, le=64)] | None = None
    covariance: Covariance = Covariance.FULL
    knowledge: Knowledge = Knowledge()
    experts: dict[str, str] = Field(default_factory=dict)
    scales: dict[str, Scale] = Field(default_factory=dict)

    @field_validator("experts")
    @classmethod
    def _check_experts(cls, experts: dict[str, str]) -> dict[str, str]:
        for modality, spec in experts.items():
            try:
                parse_expert(spec)
            except ConfigError as error:
                raise ConfigError(f"Expert for '{modality}': {error}") from error
        return experts

    @model_validator(mode="before")
    @classmethod
    def _read_auto(cls, values: Any) -> Any:  # noqa: ANN401 - pydantic validates the values
        match values:
            case {"states": str(text), **rest} if text.strip().lower() == AUTO:
                return {**rest, "states": (), "from_data": True}
            case _:
                return values

    @field_validator("states")
    @classmethod
    def _check_states(cls, states: tuple[int, ...]) -> tuple[int, ...]:
        if len(states) > MAX_NODES:
            raise _no_such_number_of_nodes(len(states))
        low = [k for k in states if k < 2]
        if low:
            raise ConfigError(
                f"Every node needs at least 2 states, got {low[0]}: a node with fewer cannot vary; "
                "give for example 2,2,3."
            )
        if prod(states) > MAX_OUTCOMES:
            raise ConfigError(
                f"The nodes have {prod(states)} joint outcomes, more than the {MAX_OUTCOMES} "
                "supported: use fewer nodes or states."
            )
        return states

    @model_validator(mode="after")
    def _check_knowledge(self) -> Self:
        if not self.states and not self.from_data:
            raise _no_such_number_of_nodes(0)
        if self.from_data and self.knowledge != Knowledge():
            raise ConfigError(
                "What is known of edges and tiers names nodes, and which nodes there are is to be "
                "chosen from the data: give the number of states per node, for example 2,2,3."
            )
        if self.states:
            self.knowledge.check(self.nodes)
        return self

    @property
    def nodes(self) -> tuple[str, ...]:
        """Names of the nodes, in order."""
        return node_names(len(self.states))

    @property
    def n_outcomes(self) -> int:
        """Number of joint outcomes, which is the number of mixture components."""
        return prod(self.states)

    @property
    def n_latent(self) -> int:
        """Latent dimensions: as asked for, or enough for factors and nuisance to come apart."""
        known = 0 if self.from_data else len(self.states)
        return self.latent_dim or max(LEAST_LATENT, 2 * known + 2)

    def settled(self) -> Self:
        """The same with its latent dimensions written down: a later default changes no run.

        >>> ModelConfig(states=(2, 2)).settled().latent_dim
        12
        """
        return self.model_copy(update={"latent_dim": self.n_latent})

    def with_states(self, states: tuple[int, ...]) -> Self:
        """The same with the states that were chosen."""
        return self.parse(**(dict(self) | {"states": states}))

    @property
    def states_in_words(self) -> str:
        """As on pages: numbers of states, and whether they were chosen from the data.

        >>> ModelConfig(states=(2, 3)).states_in_words
        '2 × 3'
        """
        told = states_in_words(self.states)
        return f"{told or 'not yet chosen'} (auto)" if self.from_data else told

    def check_samples(self, n_samples: int, n_held_out: int = 0) -> None:
        """Raise `ConfigError` where there are more components than samples to fill them."""
        if self.n_outcomes > n_samples - n_held_out:
            held_out = f" ({n_held_out} of them held out)" if n_held_out else ""
            raise ConfigError(
                f"The nodes have {self.n_outcomes} joint outcomes but there are only {n_samples} "
                f"samples{held_out}: use fewer nodes or states, or more samples."
            )


class TrainingConfig(_Frozen):
    """How it is trained; `of_preset` gives the three sensible settings.

    Attributes:
        warm_up_cycles: most cycles of the warm-up; it ends early once groups are clear.
        warm_up_steps: optimiser steps of a cycle; epochs follow from the number of samples.
        joint_steps: optimiser steps of joint training.
        distil_steps: optimiser steps of the encoders of single modalities.
        graph_steps: gradient steps of graph and tables after each epoch of joint training.
        description_length: weight of the penalty on the size of the conditional tables;
            0 gives the plain ELBO of the paper.
        start_error: how often the start of joint training is taken to be wrong about a sample; it
            bears on the outcomes as a label with so many errors would. None: it has no say.
        patience: epochs without a better held-out ELBO after which joint training stops.
    """

    preset: Preset = Preset.STANDARD
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    warm_up_cycles: Annotated[int, Field(ge=1)] = 3
    warm_up_steps: Annotated[int, Field(ge=1)] = 350
    joint_steps: Annotated[int, Field(ge=1)] = 250
    distil_steps: Annotated[int, Field(ge=1)] = 300
    batch_size: Annotated[int, Field(ge=2, le=65_536)] = 128
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 5e-3
    joint_learning_rate: Annotated[float, Field(gt=0, le=1)] = 5e-4
    graph_steps: Annotated[int, Field(ge=1)] = 25
    graph_learning_rate: Annotated[float, Field(gt=0, le=1)] = 5e-2
    graph_restarts: Annotated[int, Field(ge=1, le=256)] = 16
    temperature_start: Annotated[float, Field(gt=0)] = 1.0
    temperature_end: Annotated[float, Field(gt=0)] = 0.05
    description_length: Annotated[float, Field(ge=0)] = 1.0
    start_error: Annotated[float, Field(gt=0, lt=1)] | None = 0.01
    held_out: Annotated[float, Field(gt=0, lt=0.5)] = 0.1
    patience: Annotated[int, Field(ge=1)] = 12

    @classmethod
    def of_preset(cls, preset: str, **changes: Any) -> Self:  # noqa: ANN401 - pydantic validates them
        """Settings of a preset with single values changed."""
        if preset not in PRESETS:
            raise ConfigError(f"Unknown preset '{preset}': expected one of {', '.join(PRESETS)}.")
        return cls.parse(**({"preset": preset} | PRESETS[preset] | changes))

    def n_held_out(self, n_samples: int) -> int:
        """Number of samples kept from training to measure it by."""
        return max(1, round(self.held_out * n_samples))

    def batch_of(self, n_train: int) -> int:
        """Batch size for ``n_train`` samples: small data still make several steps an epoch."""
        return min(n_train, self.batch_size, max(16, n_train // 14))

    def epochs_of(self, steps: int, n_train: int, *, small: bool = False) -> int:
        """Epochs that make about ``steps`` optimiser steps, and never fewer than 8.

        ``small`` measurements (no images) get `SMALL_FACTOR` times the steps: each is cheap, and
        few values per sample need as many to be fitted closely.
        """
        steps = steps * SMALL_FACTOR if small else steps
        return max(8, round(steps / max(1, n_train // self.batch_of(n_train))))


class DatasetReference(_Frozen):
    """Which data a run was trained on, so that `resume` can check it has the same again.

    Attributes:
        path: of their file or folder; empty where they were in memory only.
        name: of the same; then `IN_MEMORY`.
    """

    path: str
    sha256: str
    n_samples: int
    name: str

    @property
    def in_memory(self) -> bool:
        """Whether the run was made from data that no file is known of."""
        return not self.path


class RunConfig(_Frozen):
    """All there is to know to repeat a run; `config.json` of the run folder.

    Raises:
        ConfigError: more components than samples that could fill them.
    """

    name: str
    dataset: DatasetReference
    model: ModelConfig
    training: TrainingConfig
    created: float
    versions: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _check_samples(self) -> Self:
        n_samples = self.dataset.n_samples
        self.model.check_samples(n_samples, self.training.n_held_out(n_samples))
        return self


def _no_such_number_of_nodes(n_nodes: int) -> ConfigError:
    return ConfigError(
        f"Expected 1 to {MAX_NODES} nodes, got {n_nodes}: give one number of states per node, for "
        "example 2,2,3."
    )


def _one_sentence(build: Callable[[], T]) -> T:
    try:
        return build()
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ConfigError(
            f"Setting '{where}' is not valid: {first['msg']} (got {first['input']!r})."
        ) from error

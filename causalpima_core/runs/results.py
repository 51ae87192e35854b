"""What a run found, as typed values: the layout of `result/dag.json` and `result/summary.json`.

The field names are a contract with others' scripts; they are spelled here and nowhere else.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

CLEARLY_SEPARATED = 0.97
"""Separation from which a node counts as clear: see docs/RESULTS.md for how often that is right."""


class _Result(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class NodeResult(_Result):
    """A node: its name, number of states, and how cleanly samples fall into them (0 to 1)."""

    name: str
    states: int
    separation: float


class EdgeResult(_Result):
    """An edge of the decided graph and the evidence for it.

    Attributes:
        weight: of the flow-DAG before it was hardened.
        direction: compelled where every equivalent graph agrees on it, else reversible.
        probability: posterior probability that the two nodes are adjacent.
        probability_of_direction: posterior probability of source -> target itself.
    """

    source: str
    target: str
    weight: float
    direction: Literal["compelled", "reversible"]
    probability: float
    probability_of_direction: float


class TableResult(_Result):
    """A conditional table: nested lists, one axis per parent in order, the node's states last."""

    parents: list[str]
    probabilities: list


class ComponentResult(_Result):
    """A mixture component: the joint outcome it stands for and its weight."""

    outcome: list[int]
    weight: float


class GraphResult(_Result):
    """`dag.json`."""

    nodes: list[NodeResult]
    edges: list[EdgeResult]
    tables: dict[str, TableResult]
    components: list[ComponentResult]


class NodeEvidence(_Result):
    """Why a node is believed: what a person needs to doubt it.

    Attributes:
        separation: 1 minus the mean entropy of its posterior over log of its states.
        least_state_share: share of samples in its rarest state.
        gain: log-likelihood, less what stays undecided, that the node gains in the view that shows
            it best, nats per sample; None where none does by itself.
        views: what shows it by itself, the clearest first: all modalities together (``joint``),
            single ones, moments of images, parameters of known physics.
        overlap: how undecided it was in the division that joint training set out from, mean
            entropy in nats; None where that was not recorded.
        open_share: share of samples that lack a modality and leave its state open.
        goes_with: modality whose being measured goes with its state; None where none does.
    """

    name: str
    separation: float
    least_state_share: float
    gain: float | None
    views: list[str]
    overlap: float | None = None
    open_share: float = 0.0
    goes_with: str | None = None


class ParameterResult(_Result):
    """One parameter of a component's curve; None where the curves do not determine it.

    Attributes:
        standard_error: of the value, a whole curve being one observation.
        spread: standard deviation between samples of the component, beyond noise.
        at_bound: closer to a bound than its standard error.
    """

    value: float | None
    standard_error: float | None
    spread: float | None
    at_bound: bool


class ExpertComponentResult(_Result):
    """The curve of a joint outcome; ``noise`` is the residual standard deviation of its points."""

    outcome: list[int]
    parameters: dict[str, ParameterResult]
    noise: float


class ExpertResult(_Result):
    """Known physics of a modality and what was found for it.

    Attributes:
        modality: name of the modality.
        spec: the expert as it was given.
        formula: of its curve, names of experts written out.
        axis: value of ``t`` at the first and the last point.
        axis_unit: of ``t``.
        unit: of the curve's values and of ``noise``.
        units: of the parameters.
        misfit: residual variance over that of a free decoder; well above 1 for wrong physics.
        components: one per joint outcome, in the order of `GraphResult.components`.
    """

    modality: str
    spec: str
    formula: str
    axis: tuple[float, float]
    axis_unit: str
    unit: str
    units: dict[str, str]
    misfit: float
    components: list[ExpertComponentResult]


class Summary(_Result):
    """`summary.json`.

    Attributes:
        held_out_elbo: named terms on the samples held out, nats per sample.
        modality_error: mean squared error over the variance of the data, held-out samples.
        assignment_entropy: mean entropy of the responsibilities, nats.
        start: where the chosen partition came from, and the entropy of the next best one.
        score_gap: exact best graph's score minus the chosen graph's, nats (0 where they agree).
        experts: parameters found for modalities with known physics.
        warnings: what could not be found or is not certain, in words.
        seconds: by stage.
        guessed: samples that lack a modality and whose states no encoder was taught to tell.
        apart: whether there are several modalities and no sample has two of them.
    """

    held_out_elbo: dict[str, float]
    modality_error: dict[str, float]
    assignment_entropy: float
    start: dict[str, bool | float | str | None]
    nodes: list[NodeEvidence]
    score_gap: float
    edges_not_drawn: list[dict[str, float | str]] = Field(default_factory=list)
    experts: list[ExpertResult] = Field(default_factory=list)
    warnings: list[str]
    seconds: dict[str, float]
    guessed: int = 0
    apart: bool = False

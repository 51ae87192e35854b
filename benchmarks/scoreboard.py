"""What runs on known truth come to, as shares and sentences: pure, so that it can be tested."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean, median

from pydantic import BaseModel, ConfigDict, Field

from benchmarks.tasks import Task
from causalpima_core.runs.results import CLEARLY_SEPARATED


class Run(BaseModel):
    """One finished run and how it compares with the truth.

    Attributes:
        task: what was run.
        error: why it failed, in a sentence; the fields below are then empty.
        how: variant of the method that is scored, where it tried several.
        recovered, has_features, node_of_factor, extra_nodes, nmi, found, weak, accuracy, distance:
            see `causalpima_core.scores.Recovery`.
        separation: of each node.
        warnings: in words.
        notes: whatever else the method tells of itself.
        seconds: all of it, from the data to the decided graph.
        peak_mib: of the processes that did it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    task: Task
    error: str | None = None
    how: str = ""
    recovered: bool = False
    has_features: bool = False
    node_of_factor: dict[str, str] = Field(default_factory=dict)
    extra_nodes: tuple[str, ...] = ()
    nmi: dict[str, float] = Field(default_factory=dict)
    found: dict[str, bool] = Field(default_factory=dict)
    weak: tuple[str, ...] = ()
    accuracy: float = 0.0
    distance: int | None = None
    separation: dict[str, float] = Field(default_factory=dict)
    warnings: list[str] = Field(default_factory=list)
    notes: dict = Field(default_factory=dict)
    seconds: float = 0.0
    peak_mib: int = 0

    @property
    def called_separated(self) -> dict[str, bool]:
        """For each node: whether the run stands by it, as separated and not named in a warning."""
        told = " ".join(self.warnings)
        return {
            node: value >= CLEARLY_SEPARATED and not re.search(rf"\b{re.escape(node)}\b", told)
            for node, value in self.separation.items()
        }

    @property
    def right_nodes(self) -> dict[str, bool]:
        """For each node the run stands by: whether it is a true factor."""
        factor_of = {node: factor for factor, node in self.node_of_factor.items()}
        return {
            node: node in factor_of and self.found[factor_of[node]]
            for node, called in self.called_separated.items()
            if called
        }

    @property
    def weak_told(self) -> bool | None:
        """Whether every weak factor's node is told to be uncertain; None without weak factors."""
        if not self.weak:
            return None
        if self.error:
            return False
        nodes = [self.node_of_factor.get(factor) for factor in self.weak]
        return not any(self.called_separated.get(node or "", False) for node in nodes)

    @property
    def is_right(self) -> bool:
        """Recovered, and weak factors told to be weak."""
        return self.recovered and self.weak_told is not False

    @property
    def is_silent_failure(self) -> bool:
        """Wrong without any warning."""
        return not (self.is_right or self.warnings or self.error)


@dataclass(frozen=True)
class Summary:
    """Several runs together.

    Attributes:
        runs: how many.
        failed: how many of them ended in an error.
        features: with every factor found that can be.
        graphs: with CPDAG distance 0.
        recovered: with both.
        distance: mean structural Hamming distance of those that ended; None where none did.
        silent: wrong without any warning.
        called: nodes called separated, over all runs.
        called_right: how many of these are true factors.
        weak_told: runs whose weak factors were told to be weak; None without weak factors.
        seconds: median and longest.
        peak_mib: most memory of any run.
    """

    runs: int
    failed: int
    features: int
    graphs: int
    recovered: int
    distance: float | None
    silent: int
    called: int
    called_right: int
    weak_told: int | None
    seconds: tuple[float, float]
    peak_mib: int


def summarise(runs: Sequence[Run]) -> Summary:
    """Counts over at least one run."""
    distances = [run.distance for run in runs if run.distance is not None]
    called = [right for run in runs for right in run.right_nodes.values()]
    seconds = [run.seconds for run in runs]
    has_weak = any(run.weak for run in runs)
    return Summary(
        runs=len(runs),
        failed=sum(run.error is not None for run in runs),
        features=sum(run.has_features for run in runs),
        graphs=sum(run.distance == 0 for run in runs),
        recovered=sum(run.recovered for run in runs),
        distance=mean(distances) if distances else None,
        silent=sum(run.is_silent_failure for run in runs),
        called=len(called),
        called_right=sum(called),
        weak_told=sum(bool(run.weak_told) for run in runs if run.weak) if has_weak else None,
        seconds=(median(seconds), max(seconds)),
        peak_mib=max(run.peak_mib for run in runs),
    )


COLUMNS = (
    "suite",
    "method",
    "runs",
    "features",
    "graph",
    "both",
    "mean distance",
    "silent failures",
    "nodes stood by, right",
    "weak told",
    "seconds: median, longest",
    "peak MiB",
)


def table(groups: dict[tuple[str, str], Summary]) -> str:
    """Markdown table, one line per suite and method."""
    lines = ["| " + " | ".join(COLUMNS) + " |", "|" + "---|" * len(COLUMNS)]
    lines += ["| " + " | ".join(cells(*key, summary)) + " |" for key, summary in groups.items()]
    return "\n".join(lines)


def cells(suite: str, method: str, summary: Summary) -> tuple[str, ...]:
    """One line of `table`."""
    failed = f" ({summary.failed} failed)" if summary.failed else ""
    return (
        suite,
        method,
        f"{summary.runs}{failed}",
        f"{summary.features / summary.runs:.0%}",
        f"{summary.graphs / summary.runs:.0%}",
        f"{summary.recovered / summary.runs:.0%}",
        "–" if summary.distance is None else f"{summary.distance:.2f}",
        str(summary.silent),
        f"{summary.called_right} of {summary.called}",
        "–" if summary.weak_told is None else f"{summary.weak_told} of {summary.runs}",
        f"{summary.seconds[0]:.0f}, {summary.seconds[1]:.0f}",
        str(summary.peak_mib),
    )


def line(run: Run) -> str:
    """One run in one line."""
    what = f"{run.task.graph:<12} seed {run.task.seed:<3} "
    if run.error:
        return f"{what} FAILED: {run.error}"
    nmi = "  ".join(f"{factor} {value:.3f}" for factor, value in run.nmi.items())
    weak = {True: "  weak told", False: "  weak NOT told", None: ""}[run.weak_told]
    verdict = "recovered" if run.recovered else "NOT recovered"
    return (
        f"{what} {nmi}  cells {run.accuracy:.3f}  distance {run.distance}  warnings "
        f"{len(run.warnings)}  {run.seconds:5.1f} s  {run.peak_mib:4d} MiB  {run.how}{weak}  "
        f"{verdict}"
    )

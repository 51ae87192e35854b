"""Commands that ask a finished run: predict, generate, posterior, counterfactual."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import numpy as np
import typer

from causalpima_core.cli.options import by_name, whole_number
from causalpima_core.cli.report import note
from causalpima_core.errors import ConfigError, RunFolderError
from causalpima_core.runs.files import refusal, replacing

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from causalpima_core.fitted import FittedModel

RunArgument = Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a finished run.")]
DataArgument = Annotated[
    Path, typer.Argument(metavar="DATA", help="Samples with at least one of the run's modalities.")
]
ArraysOption = Annotated[Path, typer.Option("--out", metavar="FILE.npz", help="Where to write.")]
DoOption = Annotated[
    list[str] | None, typer.Option("--do", metavar="NODE=STATE", help="Set a node; repeatable.")
]
SeedOption = Annotated[int, typer.Option(min=0, help="Of the random draws.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the program's."""
    known = {command.callback for command in app.registered_commands}
    for command in (predict, generate, posterior, counterfactual):
        if command not in known:
            app.command()(command)


def predict(
    run: RunArgument,
    data: DataArgument,
    target: Annotated[str, typer.Option(metavar="MODALITY", help="What to predict.")],
    out: ArraysOption,
    seed: SeedOption = 0,
) -> None:
    """Predict one modality from the others, with 90% intervals (TARGET_lower, TARGET_upper)."""
    _check_suffix(out, ".npz")
    model = _load(run)
    from causalpima_core.data.readers import load_dataset

    dataset = load_dataset(data)
    found = model.predict(dataset, target, seed)
    note(model.differences(dataset))
    arrays = {
        target: found.mean,
        f"{target}_lower": found.lower,
        f"{target}_upper": found.upper,
        "sample_id": dataset.sample_id,
    }
    _write(out, arrays)


def generate(
    run: RunArgument,
    samples: Annotated[
        int, typer.Option(min=1, max=1_000_000, help="How many; memory holds them all.")
    ],
    out: ArraysOption,
    do: DoOption = None,
    seed: SeedOption = 0,
) -> None:
    """Draw samples from the model, with --do under an intervention."""
    _check_suffix(out, ".npz")
    model, settings = _load(run), parse_settings(do or [])
    arrays = model.generate(samples, settings, seed)
    note(model.caveats(settings))
    _write(out, arrays)


def posterior(
    run: RunArgument,
    data: DataArgument,
    out: Annotated[Path, typer.Option(metavar="FILE.csv", help="Where to write.")],
) -> None:
    """Probability of each node's states for each sample, from what modalities it has.

    Columns as in the run's assignments (sample, component, its confidence and the states of its
    nodes), then the probability of every state of every node (node_1=0 and so on).
    """
    _check_suffix(out, ".csv")
    model = _load(run)
    import pandas as pd

    from causalpima_core.data.readers import load_dataset
    from causalpima_core.outcomes import node_posteriors, outcome_table

    dataset = load_dataset(data)
    gamma = model.posterior(dataset)
    note(model.differences(dataset))
    component = gamma.argmax(1)
    table = pd.DataFrame(
        {"sample": dataset.sample_id, "component": component, "confidence": gamma.max(1).round(6)}
    )
    table[list(model.config.nodes)] = outcome_table(model.config.states)[component]
    marginals = node_posteriors(gamma, model.config.states)
    for node, chances in zip(model.config.nodes, marginals, strict=True):
        for state in range(chances.shape[1]):
            table[f"{node}={state}"] = chances[:, state].round(6)
    with _written(out) as file:
        table.to_csv(file, index=False)
    typer.echo(out)


def counterfactual(
    run: RunArgument, data: DataArgument, out: ArraysOption, do: DoOption = None
) -> None:
    """What each sample of DATA would have been like with nodes set.

    Writes every modality as it would have been, and as the model sees it now
    (MODALITY_reconstruction); the states of the nodes as they would most probably have been
    (outcome) and are (factual), one column per node; and the probability of every joint outcome
    (probabilities). Nodes below those set follow the graph; all else about a sample is kept.
    """
    _check_suffix(out, ".npz")
    settings = parse_settings(do or [])
    if not settings:
        raise ConfigError("Expected what to set, for example --do node_1=0; got no --do.")
    model = _load(run)
    from causalpima_core.data.readers import load_dataset
    from causalpima_core.outcomes import outcome_table

    dataset = load_dataset(data)
    found = model.counterfactual(dataset, settings)
    note(model.differences(dataset) + model.caveats(settings, counterfactual=True))
    states = outcome_table(model.config.states)
    extra = {
        "outcome": states[found.outcome],
        "factual": states[found.factual],
        "probabilities": found.probabilities,
        "sample_id": dataset.sample_id,
    }
    now = {f"{name}_reconstruction": values for name, values in found.reconstruction.items()}
    _write(out, found.measurements | now | extra)


def parse_settings(texts: list[str]) -> dict[str, int]:
    """Node -> state, from ``node_1=0``.

    >>> parse_settings(["node_1=0", "node_3=2"])
    {'node_1': 0, 'node_3': 2}

    Raises:
        ConfigError: a text is not understood, or a node is set twice.
    """
    expected = "NODE=STATE with a whole number, for example --do node_1=0"
    return by_name("--do", texts, expected, whole_number)


def _load(run: Path) -> FittedModel:
    from causalpima_core.fitted import FittedModel

    return FittedModel.load(run)


def _check_suffix(out: Path, suffix: str) -> None:
    if out.suffix != suffix:
        raise ConfigError(f"Expected an output file ending in {suffix}, got '{out}'.")


@contextmanager
def _written(out: Path) -> Iterator[BinaryIO]:
    """A file that is there whole or not at all; an error of the disk in one sentence."""
    try:
        with replacing(out) as file:
            yield file
    except OSError as error:
        raise refusal(error) or RunFolderError(
            f"Cannot write '{out}' ({error.strerror}): choose another place."
        ) from error


def _write(out: Path, arrays: dict[str, NDArray]) -> None:
    with _written(out) as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)
    typer.echo(out)

"""The commands, each a few lines over the core; what needs torch is imported where it is used."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from causalpima_core.cli import report
from causalpima_core.cli.options import model_config
from causalpima_core.config import Preset, TrainingConfig
from causalpima_core.errors import (
    Cancelled,
    CausalPimaError,
    DamagedError,
    RunFolderError,
    TrainingError,
)
from causalpima_core.experts.named import NAMED
from causalpima_core.runs import supervisor
from causalpima_core.runs.limits import trainings_at_once
from causalpima_core.runs.queue import PATIENCE_SECONDS, Queue
from causalpima_core.runs.records import RunState, Status
from causalpima_core.runs.signals import stopped_by_signals
from causalpima_core.runs.store import RunFolder

app = typer.Typer(
    help="Find discrete features and their causal graph in multimodal data.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

Train = Callable[[RunFolder, Callable[[Status], None]], RunState]
"""`runs.worker.train`, which needs torch."""
RunArgument = Annotated[Path, typer.Argument(metavar="RUN", help="A run folder, as fit made it.")]
QuietOption = Annotated[bool, typer.Option("--quiet", help="No progress on stderr.")]


class Graph(StrEnum):
    """Graphs an example can be drawn from."""

    CHAIN = "chain"
    FORK = "fork"
    COLLIDER = "collider"
    INDEPENDENT = "independent"
    COMPLETE = "complete"


@app.command()
def examples(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="circles, coloured-digits, lattice, shapes, spectra or weak."
        ),
    ],
    out: Annotated[Path, typer.Option(metavar="FILE.npz", help="Where to write the data.")],
    samples: Annotated[int | None, typer.Option(help="How many samples.")] = None,
    seed: Annotated[int, typer.Option(help="Another seed, other samples.")] = 0,
    graph: Annotated[Graph | None, typer.Option(help="The true graph.")] = None,
) -> None:
    """Write example data whose true graph is known, with the truth beside it."""
    from causalpima_core.data.examples import write_example

    write_example(name, out, samples=samples, seed=seed, graph=graph)
    typer.echo(out)


@app.command()
def fit(
    data: Annotated[Path, typer.Argument(metavar="DATA", help="A data file, folder or archive.")],
    states: Annotated[
        str, typer.Option(metavar="K,K,…", help="States of each node: 2,2,3; or auto.")
    ],
    out: Annotated[Path, typer.Option(metavar="RUN", help="The run folder to make.")],
    seed: Annotated[int, typer.Option(help="The same seed gives the same result.")] = 0,
    preset: Annotated[Preset, typer.Option(help="How long to look.")] = Preset.STANDARD,
    latent_dim: Annotated[int | None, typer.Option(help="Latent dimensions, 2 to 64.")] = None,
    forbid: Annotated[
        list[str] | None, typer.Option(metavar="A:B", help="No edge A -> B; repeatable.")
    ] = None,
    require: Annotated[
        list[str] | None, typer.Option(metavar="A:B", help="An edge A -> B; repeatable.")
    ] = None,
    tier: Annotated[
        list[str] | None,
        typer.Option(metavar="A,B:N", help="A and B in tier N; nothing causes what is lower."),
    ] = None,
    expert: Annotated[
        list[str] | None,
        typer.Option(
            metavar="MODALITY=EXPERT",
            help='Known physics of a curve, by name or as a formula in t: "curve=a*exp(-k*t) + c; '
            'k>0 [1/s]; t=0:30 [s]; value [MPa]"; repeatable. Names: ' + ", ".join(NAMED) + ".",
        ),
    ] = None,
    scale: Annotated[
        list[str] | None,
        typer.Option(
            metavar="MODALITY=SCALE",
            help="How training sees its values: standard (mean 0, deviation 1) or min-max (0 to "
            "1); repeatable. As stated with the data unless told.",
        ),
    ] = None,
    quiet: QuietOption = False,
) -> int:
    """Train on DATA and write what was found to a new run folder."""
    known = (forbid or (), require or (), tier or (), expert or ())
    model = model_config(states, latent_dim, *known, scale or ())
    training = TrainingConfig.of_preset(preset, seed=seed)
    from causalpima_core.data.conversion import watching
    from causalpima_core.data.readers import load_dataset
    from causalpima_core.runs.creation import create_run

    with watching((lambda _: None) if quiet else report.Unpacking(sys.stderr)):
        dataset = load_dataset(data)
    # Loading it takes seconds, in which Ctrl-C is to leave no run behind.
    from causalpima_core.runs.worker import train

    return _train(create_run(out, data, dataset, model, training), train, quiet=quiet)


@app.command()
def resume(run: RunArgument, quiet: QuietOption = False) -> int:
    """Go on with a run that was cancelled, failed or killed."""
    folder = RunFolder(run).require()
    status = supervisor.current_status(folder)
    if status.state is RunState.FINISHED:
        try:
            folder.check_result()
        except DamagedError as error:
            typer.echo(f"{error} That is done now.", err=True)
        else:
            typer.echo(f"Run '{folder.name}' is finished already.", err=True)
            typer.echo(report.result(folder))
            return 0
    if supervisor.is_alive(status):
        raise RunFolderError(
            f"Run '{folder.name}' is being trained already (process {status.pid}): "
            "wait for it, or cancel it first."
        )
    if status.waits:
        Queue.of(folder).withdraw(folder)
    folder.withdraw_cancel()
    from causalpima_core.runs.worker import train

    return _train(folder, train, quiet=quiet)


@app.command()
def status(run: RunArgument) -> None:
    """Print where a run stands, as JSON."""
    typer.echo(supervisor.current_status(RunFolder(run).require()).model_dump_json(indent=2))


@app.command()
def cancel(run: RunArgument) -> None:
    """Stop a run and keep what it has found so far."""
    folder = RunFolder(run).require()
    before = supervisor.current_status(folder).state
    if before.is_final:
        typer.echo(f"Run '{folder.name}' is {before} already: there is nothing to stop.")
        return
    waited = Queue.of(folder).withdraw(folder)
    after = RunState.CANCELLED if waited else supervisor.cancel(folder).state
    if not after.is_final:
        raise TrainingError(
            f"Run '{folder.name}' has been asked to stop but has not yet: look again with status."
        )
    typer.echo(f"Run '{folder.name}' is {after}.")


@app.command()
def queue() -> None:
    """Print which runs of the workspace train and which wait, as JSON; starts what may start."""
    line = Queue()
    line.dispatch(PATIENCE_SECONDS)
    told = {
        "at_once": trainings_at_once(),
        "training": [str(training.path) for training in line.training()],
        "waiting": [str(waiting.folder.path) for waiting in line.waiting()],
    }
    typer.echo(json.dumps(told, indent=2))


def _train(folder: RunFolder, train: Train, *, quiet: bool) -> int:
    """Train in this process; prints the result and returns the exit code."""
    progress = report.Progress(sys.stderr)
    with stopped_by_signals(folder), Queue.of(folder).foreground(folder), _logged(folder):
        try:
            state = train(folder, (lambda _: None) if quiet else progress)
        finally:
            progress.close()
    if state is RunState.FAILED:
        raise TrainingError(folder.status().reason or f"Run '{folder.name}' failed.")
    typer.echo(report.result(folder))
    return Cancelled.exit_code if state is RunState.CANCELLED else 0


class _Log(logging.FileHandler):
    """A log that is given up where the disk takes no more: why is said by the run's status."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's own name
        """Say nothing."""

    def close(self) -> None:
        """Drop what could not be written."""
        with suppress(OSError):
            super().close()


@contextmanager
def _logged(folder: RunFolder) -> Iterator[None]:
    """Send messages, warnings and tracebacks to the run's log; say a defect in one line."""
    with folder.refusals_in_words():
        handler = _Log(folder.log)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    logging.captureWarnings(capture=True)
    try:
        yield
    except CausalPimaError:
        raise
    except Exception as error:
        raise TrainingError(
            f"Training stopped on a defect of the program ({type(error).__name__}: {error}): "
            f"please report it with '{folder.log}'."
        ) from error
    finally:
        logging.captureWarnings(capture=False)
        root.setLevel(level)
        root.removeHandler(handler)
        handler.close()

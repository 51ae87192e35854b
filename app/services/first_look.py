"""The two ways to see something within a minute of the first start."""

from __future__ import annotations

from pathlib import Path

from app.services import run_control
from app.services.loaders import workspace
from causalpima_core.config import ModelConfig, Preset, TrainingConfig
from causalpima_core.runs.shipped import unpack
from causalpima_core.runs.store import RunFolder

FINISHED = Path(__file__).parents[2] / "assets" / "example" / "lattice.zip"
"""Made by `assets/make_example_run.py`."""

QUICKEST = "circles"


def finished_example() -> RunFolder:
    """The run that comes with the program; the same one however often it is asked for.

    Raises:
        RunFolderError: its file is damaged, or the workspace does not take it.
    """
    return unpack(FINISHED, workspace())


def train_example() -> RunFolder:
    """A new run on the example that is learned quickest."""
    # Drawing samples takes a library that no other page should wait for.
    from app.services import uploads
    from causalpima_core.data.examples import EXAMPLES

    quickest = EXAMPLES[QUICKEST]
    data = uploads.make_example(
        quickest.name, quickest.default_graph, quickest.default_samples, seed=0
    )
    training = TrainingConfig.of_preset(Preset.QUICK)
    model = ModelConfig.parse(states=quickest.states)
    return run_control.start_run(f"{quickest.name}-quick", data, model, training)

"""Run folders as a worker would leave them, made in milliseconds from known states."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from itertools import pairwise, product
from pathlib import Path

import numpy as np
import pandas as pd

from causalpima_core.config import AUTO, DatasetReference, ModelConfig, RunConfig, TrainingConfig
from causalpima_core.data.readers import load_dataset
from causalpima_core.runs.records import EpochRecord, RunState, Snapshot, Stage, Status
from causalpima_core.runs.results import (
    ComponentResult,
    EdgeResult,
    ExpertComponentResult,
    ExpertResult,
    GraphResult,
    NodeEvidence,
    NodeResult,
    ParameterResult,
    Summary,
    TableResult,
)
from causalpima_core.runs.store import RunFolder
from causalpima_core.runs.workspace import Workspace

SAMPLES = 96
LATENT = 4
EPOCHS = 6


def write_dataset(name: str, modalities: int, samples: int = SAMPLES) -> Path:
    """A curve; with three modalities an image and a table as well, some curves missing."""
    rng = np.random.default_rng(0)
    slope = rng.integers(0, 2, samples)
    curve = slope[:, None] * np.linspace(0, 1, 20) + rng.normal(0, 0.05, (samples, 20))
    arrays = {"curve": curve}
    if modalities == 3:
        curve[::8] = np.nan
        arrays["image"] = rng.random((samples, 3, 8, 8)) * (1 + slope[:, None, None, None])
        arrays["sizes"] = rng.normal(size=(samples, 3))
    path = Workspace().datasets_folder / f"{name}.npz"
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **arrays)
    pd.DataFrame({"sample": np.arange(samples), "slope": slope}).to_csv(
        path.with_suffix(".truth.csv"), index=False
    )
    return path


def write_run(
    data: Path,
    state: RunState,
    states: tuple[int, ...] = (2, 2),
    name: str = "a-run",
    *,
    with_result: bool | None = None,
    with_law: bool = False,
) -> RunFolder:
    """A run in some state: with snapshots and metrics, and a result where it finished.

    With no ``states`` they are to be chosen from the data, and have not been yet.
    """
    dataset = load_dataset(data)
    config = RunConfig(
        name=name,
        dataset=DatasetReference(
            path=str(data), sha256=dataset.fingerprint(), n_samples=len(dataset), name=data.name
        ),
        model=ModelConfig.parse(states=states or AUTO),
        training=TrainingConfig.of_preset("quick"),
        created=time.time(),
    )
    folder = RunFolder.create(Workspace().new_run_path(name), config, _status(state))
    for epoch in range(1, EPOCHS + 1):
        folder.append_metrics(_metrics(epoch, dataset.names))
        if epoch % 2 == 0:
            folder.write_snapshot(snapshot(epoch, states))
    if with_result if with_result is not None else state is RunState.FINISHED:
        shapes = [m.shape for m in dataset.modalities]
        laws = [law_result(states)] if with_law else []
        write_result(folder, states, dataset.names, shapes, laws)
    return folder


def _status(state: RunState) -> Status:
    now = time.time()
    return Status(
        state=state,
        stage=Stage.JOINT,
        epoch=EPOCHS,
        epochs=EPOCHS if state is RunState.FINISHED else 2 * EPOCHS,
        eta_seconds=12.0 if state is RunState.RUNNING else None,
        heartbeat=now,
        started=now - 30,
        ended=now if state.is_final else None,
        reason="The loss became infinite in epoch 6." if state is RunState.FAILED else None,
        notes=("node_1 is not separated yet",),
    )


def _metrics(epoch: int, modalities: tuple[str, ...]) -> EpochRecord:
    terms = {"elbo": -20.0 / epoch, "latent_prior": -1.0, "outcome_prior": -2.0}
    terms |= {f"reconstruction.{name}": -5.0 / epoch for name in modalities}
    both = {f"{part}/{t}": v for part in ("train", "held_out") for t, v in terms.items()}
    stage = Stage.WARM_UP if epoch < 4 else Stage.JOINT
    return EpochRecord(stage, epoch, epoch * 10, both | {"train/description_length": -0.1})


def snapshot(epoch: int, states: tuple[int, ...]) -> Snapshot:
    """Components on a grid; every node points to the later ones, more so with time."""
    rng = np.random.default_rng(epoch)
    n_components, n_nodes = int(np.prod(states)), len(states)
    component = rng.integers(0, n_components, SAMPLES)
    means = np.random.default_rng(1).normal(0, 4, (n_components, LATENT)).astype(np.float32)
    edges = np.triu(np.full((n_nodes, n_nodes), epoch / EPOCHS), 1).astype(np.float32)
    kept = slice(None) if states else slice(0)  # no nodes yet, no components
    return Snapshot(
        epoch=epoch,
        stage=Stage.JOINT,
        temperature=1.0 / epoch,
        sample=np.arange(SAMPLES),
        latent=(means[component] + rng.normal(0, 0.5, (SAMPLES, LATENT))).astype(np.float32),
        component=component if states else np.full(SAMPLES, -1),
        means=means[kept],
        covariances=np.tile(np.eye(LATENT, dtype=np.float32) / 4, (n_components, 1, 1))[kept],
        weights=np.full(n_components, 1 / n_components, dtype=np.float32)[kept],
        edges=edges,
        separation=np.full(n_nodes, 0.9, dtype=np.float32),
    )


def graph_result(states: tuple[int, ...]) -> GraphResult:
    """A chain over the nodes: the first edge compelled, the others reversible."""
    names = [f"node_{j + 1}" for j in range(len(states))]
    pairs = list(pairwise(names))
    tables = {names[0]: TableResult(parents=[], probabilities=[1 / states[0]] * states[0])}
    for j, (parent, child) in enumerate(pairs, start=1):
        rows = [[1 / states[j]] * states[j]] * states[j - 1]
        tables[child] = TableResult(parents=[parent], probabilities=rows)
    outcomes = list(product(*(range(k) for k in states)))
    return GraphResult(
        nodes=[
            NodeResult(name=n, states=k, separation=0.99 - 0.2 * j)
            for j, (n, k) in enumerate(zip(names, states, strict=True))
        ],
        edges=[
            EdgeResult(
                source=a,
                target=b,
                weight=0.97,
                probability=0.99 if j else 0.3,
                direction="reversible" if j else "compelled",
                probability_of_direction=0.5 if j else 0.98,
            )
            for j, (a, b) in enumerate(pairs)
        ],
        tables=tables,
        components=[ComponentResult(outcome=list(o), weight=1 / len(outcomes)) for o in outcomes],
    )


def summary_result(names: list[str], modalities: tuple[str, ...]) -> Summary:
    """One warning, one edge that was left out where there are two nodes."""
    left_out = [{"source": names[0], "target": names[-1], "probability": 0.2}]
    return Summary(
        held_out_elbo={"elbo": -12.5, "latent_prior": -1.0},
        modality_error=dict.fromkeys(modalities, 0.1),
        assignment_entropy=0.02,
        start={"name": "pursuit", "entropy": 0.02, "next": None},
        nodes=[
            NodeEvidence(
                name=n,
                separation=0.99 - 0.2 * j,
                least_state_share=0.4,
                gain=None if j else 0.5,
                views=list(modalities[:1]),
            )
            for j, n in enumerate(names)
        ],
        score_gap=0.0,
        edges_not_drawn=left_out if len(names) > 1 else [],
        warnings=["node_2 is only weakly separated."] if len(names) > 1 else [],
        seconds={"warm-up": 20.0, "joint": 10.0},
    )


def law_result(states: tuple[int, ...]) -> ExpertResult:
    """A line whose slope is 1 plus the state of the first node, and whose offset is the same.

    In the first component the offset is at a bound, in the last it is not determined.
    """
    outcomes = list(product(*(range(k) for k in states)))
    components = []
    for c, outcome in enumerate(outcomes):
        slope = ParameterResult(
            value=1.0 + outcome[0], standard_error=0.01, spread=0.1, at_bound=False
        )
        known = c < len(outcomes) - 1
        offset = ParameterResult(
            value=0.5,
            standard_error=0.2 if known else None,
            spread=0.1 if known else None,
            at_bound=c == 0,
        )
        found = {"slope": slope, "offset": offset}
        components.append(
            ExpertComponentResult(outcome=list(outcome), parameters=found, noise=0.05)
        )
    return ExpertResult(
        modality="curve",
        spec="slope*t + offset; t=0:2 [s]; value [MPa]; slope [MPa/s]; offset [MPa]",
        formula="slope*t + offset",
        axis=(0.0, 2.0),
        axis_unit="s",
        unit="MPa",
        units={"slope": "MPa/s", "offset": "MPa"},
        misfit=1.0,
        components=components,
    )


def write_model(folder: RunFolder) -> None:
    """An untrained model in place of a run's empty weights: it answers, though nothing true."""
    import torch  # what only looks at results must do without
    from safetensors.torch import save_file

    from causalpima_core.model import CausalPima
    from causalpima_core.prior import GaussianComponents
    from causalpima_core.scaling import ModalitySpec

    config, rng = folder.config(), torch.Generator().manual_seed(0)
    dataset = load_dataset(config.dataset.path)
    specs = tuple(ModalitySpec.of(m) for m in dataset.modalities)
    model = CausalPima(config.model, specs, 1, rng)
    model.fit_scalings(dataset)
    states, latent = config.model.states, config.model.n_latent
    means = torch.randn(int(np.prod(states)), latent, generator=rng)
    model.set_components(GaussianComponents(means, torch.ones_like(means)))
    shape = (len(states), *states)
    model.decide(-torch.tensor(states).log()[(...,) + (None,) * len(states)].expand(shape))
    model.add_unimodal(rng)
    for encoder in model.unimodal.values():
        encoder.taught.fill_(1)
    told = [{"name": s.name, "kind": s.kind.value, "shape": list(s.shape)} for s in specs]
    tensors = {name: t.contiguous() for name, t in model.state_dict().items()}
    save_file(tensors, folder.weights, metadata={"modalities": json.dumps(told)})


def write_result(
    folder: RunFolder,
    states: tuple[int, ...],
    modalities: tuple[str, ...],
    shapes: list[tuple[int, ...]],
    laws: Sequence[ExpertResult] = (),
) -> None:
    """A result whose assignments and latents fit together."""
    graph = graph_result(states)
    moment = snapshot(EPOCHS, states)
    outcomes = np.array([c.outcome for c in graph.components])
    assignments = pd.DataFrame(
        {
            "sample": [str(i) for i in range(SAMPLES)],
            "component": moment.component,
            "confidence": np.linspace(0.5, 1, SAMPLES),
        }
    )
    for j, node in enumerate(graph.nodes):
        assignments[node.name] = outcomes[moment.component, j]
    n_components = len(outcomes)
    arrays = {
        "latent_mean": moment.latent,
        "latent_variance": np.full_like(moment.latent, 0.1),
        "component_means": moment.means,
        "component_covariances": moment.covariances,
    }
    for name, shape in zip(modalities, shapes, strict=True):
        values = np.linspace(0, 1, n_components * int(np.prod(shape)))
        arrays[f"prototype.{name}"] = values.reshape(n_components, *shape).astype(np.float32)
    summary = summary_result([node.name for node in graph.nodes], modalities)
    summary = summary.model_copy(update={"experts": list(laws)})
    folder.write_result(graph, summary, assignments, arrays, lambda path: path.write_bytes(b""))

"""Are known features and known graphs recovered by default?  The project's scoreboard.

Every run is a process of its own (so that its peak memory is its own) and goes through the same
trainer as the command line and the app.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated

import typer

from causalpima_core.data.examples import GRAPHS, make_example

RESULTS = Path(__file__).parent / "results"


def measure(suite: str, graph: str, seed: int, preset: str, samples: int | None) -> dict:
    """Make one example, train on it, and compare with its truth."""
    import resource

    import torch

    from causalpima_core.config import ModelConfig, TrainingConfig
    from causalpima_core.scores import score_recovery
    from causalpima_core.training.findings import conclude
    from causalpima_core.training.loop import Trainer

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    dataset, truth = make_example(suite, samples, seed, graph)
    began = time.perf_counter()
    model = ModelConfig.parse(states=truth.states)
    trainer = Trainer(dataset, model, TrainingConfig.of_preset(preset, seed=seed))
    for _ in trainer.run():
        pass
    findings = conclude(trainer, dataset)
    seconds = time.perf_counter() - began
    nodes = findings.assignments[list(model.nodes)].to_numpy()
    recovery = score_recovery(nodes, findings.graph, truth)
    start = findings.summary.start
    return {
        "suite": suite,
        "graph": graph,
        "seed": seed,
        "preset": preset,
        "samples": len(dataset),
        "recovered": recovery.recovered,
        **asdict(recovery),
        "separation": {n.name: n.separation for n in findings.graph.nodes},
        "start": start,
        "score_gap": findings.summary.score_gap,
        "warnings": findings.summary.warnings,
        "seconds": round(seconds, 1),
        "seconds_by_stage": findings.summary.seconds,
        # Linux counts in KiB, macOS in bytes.
        "peak_mib": round(
            resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            / (1024**2 if sys.platform == "darwin" else 1024)
        ),
    }


def row(result: dict) -> str:
    """One line of the table."""
    nmi = "  ".join(f"{factor} {value:.3f}" for factor, value in result["nmi"].items())
    verdict = "recovered" if result["recovered"] else "NOT recovered"
    return (
        f"{result['graph']:<12} seed {result['seed']}  {nmi}  cells {result['accuracy']:.3f}  "
        f"distance {result['distance']}  warnings {len(result['warnings'])}  "
        f"{result['seconds']:5.1f} s  {result['peak_mib']:4d} MiB  "
        f"start {result['start']['source']} {result['start']['entropy']:.4f}  {verdict}"
    )


def summary(results: list[dict]) -> str:
    """Shares over all runs, in one sentence each."""
    n = len(results)
    features = sum(min(r["nmi"].values()) >= 0.95 for r in results)
    graphs = sum(r["distance"] == 0 for r in results)
    whole = sum(r["recovered"] for r in results)
    silent = sum(not r["recovered"] and not r["warnings"] for r in results)
    seconds = sorted(r["seconds"] for r in results)
    return (
        f"{whole} of {n} recovered (features {features}, graphs {graphs}); {silent} wrong without "
        f"a warning; median {seconds[n // 2]:.1f} s, longest {seconds[-1]:.1f} s; "
        f"peak {max(r['peak_mib'] for r in results)} MiB"
    )


def main(
    suite: Annotated[list[str], typer.Option(help="Example to run; may be given several times.")],
    seeds: Annotated[int, typer.Option(help="Seeds 0 … N − 1.")] = 5,
    graph: Annotated[list[str] | None, typer.Option(help="Only these graphs.")] = None,
    preset: Annotated[str, typer.Option(help="quick, standard or thorough.")] = "standard",
    samples: Annotated[int | None, typer.Option(help="Samples per run.")] = None,
    jobs: Annotated[int, typer.Option(help="Runs at a time.")] = 1,
) -> None:
    """Print one line per run and write all of them to benchmarks/results/."""
    os.environ |= {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
    for name in suite:
        tasks = [(name, g, s, preset, samples) for g in graph or GRAPHS for s in range(seeds)]
        results = []
        with ProcessPoolExecutor(
            jobs, mp_context=get_context("spawn"), max_tasks_per_child=1
        ) as pool:
            for future in as_completed([pool.submit(measure, *task) for task in tasks]):
                results.append(future.result())
                typer.echo(row(results[-1]))
        typer.echo(f"{name}, {preset}: {summary(results)}")
        RESULTS.mkdir(exist_ok=True)
        content = {"machine": platform.processor() or platform.machine(), "runs": results}
        target = RESULTS / f"recovery-{name}-{preset}.json"
        target.write_text(json.dumps(content, indent=1))
        typer.echo(f"written to benchmarks/results/{target.name}")


if __name__ == "__main__":
    typer.run(main)

"""Are a trained model's answers right?  Interventions, predictions with intervals, what-ifs.

Runs are trained as the command line trains them. A graph whose directions the data cannot tell
is trained a second time with the true order as tiers, which is what a person who knows it would
do: only then is there a right answer to do().
"""

from __future__ import annotations

import json
import os
import platform
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from causalpima_core.data.catalogue import EXAMPLES
from causalpima_core.data.examples import make_example
from causalpima_core.data.factors import Truth
from causalpima_core.runs.files import replacing

RESULTS = Path(__file__).parent / "results"
FRESH = 1000
"""Samples that a model is asked about and was not trained on."""


def measure(suite: str, graph: str, seed: int, preset: str, samples: int | None) -> dict:
    """Train on one example and ask it everything whose answer is known."""
    from benchmarks import answers
    from causalpima_core.fitted import fit
    from causalpima_core.scores import score_recovery

    dataset, truth = make_example(suite, samples, seed, graph)
    model = fit(dataset, truth.states, seed=seed, preset=preset)
    recovery = score_recovery(
        model.assignments[list(model.config.nodes)].to_numpy(), model.graph.result, truth
    )
    found: dict = {"suite": suite, "graph": graph, "seed": seed, "preset": preset}
    found |= {"samples": len(dataset), "recovered": recovery.recovered, "nmi": recovery.nmi}
    found |= {"seconds_by_stage": model.summary.seconds}
    if len(dataset.names) > 1:
        found["predictions"] = answers.predictions(model, suite, graph, seed, FRESH)
    if not recovery.recovered:
        return found
    if any(edge.direction == "reversible" for edge in model.graph.result.edges):
        known = {"tiers": tiers(truth, recovery.node_of_factor)}
        model = fit(dataset, truth.states, seed=seed, preset=preset, knowledge=known)
        found["tiers"] = known["tiers"]
    matching = answers.Matching.of(model, truth, recovery)
    found["interventions"] = answers.interventions(model, truth, matching)
    if suite == "circles":
        found["generated"] = answers.generated_circles(model, truth, matching, FRESH * 10)
    found["counterfactuals"] = answers.counterfactuals(model, suite, graph, seed, matching, FRESH)
    return found


def tiers(truth: Truth, node_of_factor: dict[str, str]) -> dict[str, int]:
    """Each node's place in the true causal order: one more than its last cause's.

    >>> chain = np.eye(3, k=1, dtype=bool)
    >>> truth = Truth(("a", "b", "c"), (2, 2, 2), chain, np.zeros((1, 3), dtype=int))
    >>> tiers(truth, {"a": "node_2", "b": "node_1", "c": "node_3"})
    {'node_2': 0, 'node_1': 1, 'node_3': 2}
    """
    place = np.zeros(len(truth.factors), dtype=int)
    for _ in truth.factors:
        place = np.where(truth.adjacency, place[:, None] + 1, 0).max(0)
    return {node_of_factor[f]: int(p) for f, p in zip(truth.factors, place, strict=True)}


def told(found: dict) -> str:
    """What was measured, a line per kind of question."""
    lines = [
        f"{found['suite']} {found['graph']} seed {found['seed']}: recovered "
        f"{'yes' if found['recovered'] else 'no'}"
    ]
    for p in found.get("predictions", []):
        lines.append(
            f"  {p['target']} from {p['given']}: error {p['error']:.3f} of the mean's "
            f"(floor {p['floor']:.3f}), determined part {p['determined']:.3f}, "
            f"90% intervals hold {100 * p['covered']:.1f}%"
        )
    if "interventions" in found:
        worst = max(found["interventions"], key=lambda i: i["total_variation"])
        lines.append(
            f"  do({worst['do']}) is furthest from the truth: total variation "
            f"{worst['total_variation']:.3f} (oracle {worst['oracle']:.3f})"
        )
    if "generated" in found:
        lines.append(f"  generated images under do(): at most {found['generated']:.3f}")
    for c in found.get("counterfactuals", []):
        lines.append(
            f"  {c['modality']} had {c['do']}: error {c['error']:.3f} of the variance (centre "
            f"{c['of_centre']:.3f}, reconstruction {c['of_reconstruction']:.3f}), unchanged "
            f"{c['unchanged']:g}"
        )
    return "\n".join(lines)


def main(
    suite: Annotated[list[str], typer.Option(help="Example to ask about; repeatable.")],
    graph: Annotated[list[str], typer.Option(help="Graph it is drawn from; repeatable.")],
    seeds: Annotated[int, typer.Option(min=1, help="How many seeds.")] = 1,
    first_seed: Annotated[int, typer.Option(min=0, help="The first of them.")] = 0,
    preset: Annotated[str, typer.Option(help="quick, standard or thorough.")] = "standard",
    samples: Annotated[int | None, typer.Option(help="Samples to train on.")] = None,
) -> None:
    """Print what was measured, and write it to benchmarks/results/ after every run."""
    import torch

    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    for name in suite:
        if EXAMPLES[name].rarest:
            raise typer.BadParameter(f"{name} has tables of its own: its true do() is not known.")
        target = RESULTS / f"queries-{name}-{preset}{f'-{samples}' if samples else ''}.json"
        runs = json.loads(target.read_text())["runs"] if target.is_file() else []
        for g in graph:
            for seed in range(first_seed, first_seed + seeds):
                found = measure(name, g, seed, preset, samples)
                typer.echo(told(found))
                runs = [r for r in runs if (r["graph"], r["seed"]) != (g, seed)] + [found]
                _write(target, runs)
        typer.echo(f"written to benchmarks/results/{target.name}")


def _write(target: Path, runs: list[dict]) -> None:
    target.parent.mkdir(exist_ok=True)
    ordered = sorted(runs, key=lambda run: (run["graph"], run["seed"]))
    content = {"machine": platform.processor() or platform.machine(), "runs": ordered}
    with replacing(target) as file:
        file.write(json.dumps(content, indent=1).encode())


if __name__ == "__main__":
    typer.run(main)

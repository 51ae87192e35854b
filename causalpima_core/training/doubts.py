"""What a run could not find or is not certain of, in sentences a scientist can act on."""

from __future__ import annotations

import numpy as np

from causalpima_core.runs.results import CLEARLY_SEPARATED, GraphResult, Summary
from causalpima_core.training.appearance import MISSHAPEN
from causalpima_core.training.fit import OVERLAP
from causalpima_core.training.labelling import CLOSE_GAP

RARE_STATE = 0.02
EMPTY_COMPONENT = 1e-3
CLOSE_RIVAL = 0.01
"""Difference of costs (see `Start.cost`), nats, below which another partition is as good."""
MISFIT = 2.0
"""Residual variance of known physics over that of a free decoder above which it is doubted."""
MUCH_OVERLAP = 0.3
"""Share of the most undecided node's overlap from which a node is named beside it."""
BY_ITSELF = 0.6
"""Share of samples where a node's state is not fixed by the others', below which it is doubted."""
UNSURE_LOW, UNSURE_HIGH = 0.05, 0.95
MANY_OPEN = 0.02
"""Share of samples whose state lacking modalities leave open, above which that is told."""


def doubts(
    summary: Summary, graph: GraphResult, *, finished: bool, untaught: bool = False
) -> list[str]:
    """All that a person should know before believing the graph; empty where nothing is amiss.

    Args:
        summary: of the run, with all but its warnings.
        graph: that was decided.
        finished: whether joint training came to its end.
        untaught: whether encoders of single modalities were to be taught and have not been.
    """
    found = [
        *_about_training(finished=finished, untaught=untaught),
        *_about_lack(summary),
        *_about_count(summary),
        *_about_partition(summary),
        *_about_arrangement(summary),
        *_about_nodes(summary),
        *_about_redundancy(graph),
        *_about_components(graph),
        *_about_edges(summary, graph),
        *_about_experts(summary, graph),
    ]
    return list(found)


def _about_training(*, finished: bool, untaught: bool) -> list[str]:
    if not finished:
        return ["Training was stopped early: features and graph are as far as they had come."]
    if untaught:
        return [
            "Training was stopped before single modalities were taught what all say together: "
            "features and graph are whole, but one modality cannot be predicted from others."
        ]
    return []


def _about_lack(summary: Summary) -> list[str]:
    """What modalities that samples lack leave open."""
    told = []
    if summary.apart:
        told.append(
            "No sample has two modalities, so nothing relates them: nodes may be no more than "
            "which modality was measured. Add samples that have several, or train on one modality."
        )
    elif summary.guessed:
        told.append(
            f"States of {summary.guessed} samples that lack a modality are guesses, and were left "
            "out of the graph: no encoder was taught what the modalities they have tell."
        )
    for node in summary.nodes:
        if node.open_share > MANY_OPEN:
            told.append(
                f"{node.name} stays open in {100 * node.open_share:.0f}% of the samples, which "
                "lack a modality that shows it: they count by their probabilities."
            )
        if node.goes_with:
            told.append(
                f"{node.name} goes with whether {node.goes_with} was measured: it may be about "
                "which samples were measured, and not about the samples."
            )
    return told


def _about_count(summary: Summary) -> list[str]:
    """Whether the numbers of states, where they were chosen from the data, could be others."""
    if not summary.start.get("narrow_states"):
        return []
    refused = summary.start.get("refused_states")
    others = f"; refused: {refused}" if refused else ""
    return [
        f"The numbers of states were chosen from the data and were a close thing{others}: compare "
        "a run with other states before believing these nodes."
    ]


def _about_partition(summary: Summary) -> list[str]:
    told = []
    start = summary.start
    entropy, cost, rival = start.get("entropy"), start.get("cost"), start.get("next_cost")
    if isinstance(entropy, float) and entropy > OVERLAP:
        told.append(
            f"The groups of samples overlap{_where(summary)} (assignment entropy {entropy:.3f} "
            f"nats; clear groups have below {OVERLAP}): some nodes may not be real features. Try "
            "the thorough preset, more latent dimensions, or fewer nodes or states."
        )
    if isinstance(cost, float) and isinstance(rival, float) and rival - cost < CLOSE_RIVAL:
        told.append(
            f"Another division of the samples ({start['next_source']}) fits almost as well "
            f"({rival:.3f} against {cost:.3f} nats, overlap and shape together): compare runs "
            "with other seeds before believing these nodes."
        )
    return told


def _where(summary: Summary) -> str:
    """The nodes that most of the overlap is in."""
    overlaps = {node.name: node.overlap or 0.0 for node in summary.nodes}
    most = max(overlaps.values(), default=0.0)
    named = [name for name, overlap in overlaps.items() if overlap > most * MUCH_OVERLAP]
    return f" in {' and '.join(named)}" if named else ""


def _about_arrangement(summary: Summary) -> list[str]:
    """Whether groups that share a state look as if they shared something."""
    told = []
    misfit, gap = summary.start.get("nonadditive"), summary.start.get("labelling_gap")
    if isinstance(misfit, float) and misfit > MISSHAPEN:
        told.append(
            f"The groups do not look like combinations of nodes ({100 * misfit:.0f}% of their "
            "differences are no sum of single nodes' effects): some nodes may be mixtures of real "
            "features. Try other numbers of nodes and states, or the thorough preset."
        )
    if isinstance(gap, float) and gap < CLOSE_GAP:
        told.append(
            "Which groups share a state is uncertain (another arrangement fits within "
            f"{100 * gap:.1f}%): look at the groups before naming nodes."
        )
    return told


def _about_nodes(summary: Summary) -> list[str]:
    told = []
    for node in summary.nodes:
        if node.separation < CLEARLY_SEPARATED:
            told.append(
                f"{node.name} is weakly separated ({node.separation:.2f} of 1): where the truth "
                "was known, such nodes were no real features, or features that no single sample "
                "shows for sure; its edges are uncertain."
            )
        elif node.gain is None:
            told.append(
                f"{node.name} shows in no modality by itself, only where the other nodes are "
                "given: where the truth was known, every clear feature showed by itself, and such "
                "a node was a mixture of features. Compare runs with other seeds or states."
            )
        if node.least_state_share < RARE_STATE:
            told.append(
                f"A state of {node.name} holds only {100 * node.least_state_share:.1f}% of the "
                "samples: its probabilities are uncertain."
            )
    return told


def _about_redundancy(graph: GraphResult) -> list[str]:
    """Whether each node varies where the others stand still."""
    shape = tuple(node.states for node in graph.nodes)
    if len(shape) < 2:
        return []
    weights = np.zeros(shape)
    for component in graph.components:
        weights[tuple(component.outcome)] = component.weight
    told = []
    for column, node in enumerate(graph.nodes):
        by_others = np.moveaxis(weights, column, -1).reshape(-1, shape[column])
        varies = (by_others > EMPTY_COMPONENT).sum(1) > 1
        share = by_others[varies].sum() / by_others.sum()
        if share < BY_ITSELF:
            told.append(
                f"{node.name} varies by itself in only {100 * share:.0f}% of the samples; in the "
                "rest the other nodes fix its state: it may be no feature of its own."
            )
    return told


def _about_components(graph: GraphResult) -> list[str]:
    empty = [c.outcome for c in graph.components if c.weight < EMPTY_COMPONENT]
    if not empty:
        return []
    named = ", ".join("-".join(str(state) for state in outcome) for outcome in empty[:5])
    more = f" and {len(empty) - 5} more" if len(empty) > 5 else ""
    one = len(empty) == 1
    hold, each = ("joint outcome holds", "") if one else ("joint outcomes hold", " each")
    return [
        f"{len(empty)} {hold} next to no samples, less than {100 * EMPTY_COMPONENT:.1f}%{each} "
        f"({named}{more})."
    ]


def _about_edges(summary: Summary, graph: GraphResult) -> list[str]:
    told = [
        f"The edge between {edge.source} and {edge.target} is uncertain "
        f"(probability {edge.probability:.2f})."
        for edge in graph.edges
        if edge.probability < UNSURE_HIGH
    ]
    told += [
        f"An edge between {pair['source']} and {pair['target']} is not drawn but possible "
        f"(probability {pair['probability']:.2f})."
        for pair in summary.edges_not_drawn
        if float(pair["probability"]) > UNSURE_LOW
    ]
    if summary.score_gap > 0:
        told.append(
            f"Training ended at a graph {summary.score_gap:.1f} nats worse than the best one for "
            "these nodes; the best one is shown, so edge weights and drawn edges disagree."
        )
    return told


def _about_experts(summary: Summary, graph: GraphResult) -> list[str]:
    filled = [component.weight >= EMPTY_COMPONENT for component in graph.components]
    told = []
    for expert in summary.experts:
        if expert.misfit > MISFIT:
            told.append(
                f"The formula for {expert.modality} misses part of the curves (it leaves "
                f"{expert.misfit:.1f} times the variance that a free curve leaves): check the "
                "formula and the range of t."
            )
        for name in expert.units:
            components = [c for c, known in zip(expert.components, filled, strict=True) if known]
            found = [component.parameters[name] for component in components]
            unknown = sum(p.standard_error is None for p in found)
            bound = sum(p.at_bound for p in found)
            if unknown:
                told.append(
                    f"The curves do not determine {name} of {expert.modality} in {unknown} of "
                    f"{len(found)} joint outcomes: use a formula with fewer parameters, or bounds."
                )
            if bound:
                told.append(
                    f"{name} of {expert.modality} is at a bound in {bound} of {len(found)} joint "
                    "outcomes: its standard error is no guide there."
                )
    return told

"""How right a trained model's answers are where the truth is known: do(), predictions, what-ifs."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from sklearn.metrics.cluster import contingency_matrix

from causalpima_core.data.catalogue import EXAMPLES
from causalpima_core.data.examples import make_example, make_truth
from causalpima_core.data.factors import Truth, outcome_probabilities
from causalpima_core.data.multimodal import MultimodalDataset, of_arrays
from causalpima_core.fitted import FittedModel
from causalpima_core.outcomes import fit_tables, intervene
from causalpima_core.scores import Recovery

MANY = 12_000
"""Samples that a conditional mean is taken over."""


@dataclass(frozen=True)
class Matching:
    """Which node is which factor, and which of its states is which.

    Attributes:
        node: index of each factor's node, shape ``(L,)``.
        state: for each factor, the node's state that stands for each of the factor's.
    """

    node: NDArray[np.int64]
    state: tuple[NDArray[np.int64], ...]

    @classmethod
    def of(cls, model: FittedModel, truth: Truth, recovery: Recovery) -> Matching:
        """From the training samples' assignments."""
        names = [recovery.node_of_factor[f] for f in truth.factors]
        nodes = model.assignments[names].to_numpy()
        states = [
            linear_sum_assignment(-contingency_matrix(true, found))[1]
            for true, found in zip(truth.outcomes.T, nodes.T, strict=True)
        ]
        return cls(np.array([model.config.nodes.index(n) for n in names]), tuple(states))

    def in_factors(self, joint: NDArray[np.float64]) -> NDArray[np.float64]:
        """A table over the nodes' states as one over the factors'."""
        return joint.transpose(self.node)[np.ix_(*self.state)]

    def setting(self, model: FittedModel, factor: int, state: int) -> dict[str, int]:
        """``do(factor = state)`` in the words of the model."""
        return {model.config.nodes[self.node[factor]]: int(self.state[factor][state])}


def total_variation(p: NDArray[np.float64], q: NDArray[np.float64]) -> float:
    """Half the summed absolute difference of two distributions.

    >>> total_variation(np.array([1.0, 0.0]), np.array([0.75, 0.25]))
    0.25
    """
    return float(np.abs(p - q).sum() / 2)


def true_intervention(truth: Truth, factor: int, state: int) -> NDArray[np.float64]:
    """Exact joint of an example's factors under ``do(factor = state)``, shape ``states``."""
    cut = truth.adjacency.copy()
    cut[:, factor] = False
    joint = outcome_probabilities(cut, truth.states)
    kept = np.zeros(truth.states[factor])
    kept[state] = 1
    joint = joint * kept.reshape([-1 if axis == factor else 1 for axis in range(joint.ndim)])
    return joint / joint.sum()


def interventions(model: FittedModel, truth: Truth, matching: Matching) -> list[dict]:
    """Every ``do(factor = state)``: distance to the truth, and that of an oracle.

    The oracle knows the factors and the graph of the same samples, so its distance is what the
    number of samples alone costs.
    """
    counts = np.zeros(truth.states)
    np.add.at(counts, tuple(truth.outcomes.T), 1)
    oracle = fit_tables(counts, truth.adjacency)
    answers = []
    for factor, name in enumerate(truth.factors):
        for state in range(truth.states[factor]):
            true = true_intervention(truth, factor, state)
            setting = matching.setting(model, factor, state)
            found = model.intervention_probabilities(setting).reshape(model.config.states)
            known = intervene(oracle, {factor: state}).exp().numpy().reshape(truth.states)
            answers.append(
                {
                    "do": f"{name}={state}",
                    "total_variation": total_variation(matching.in_factors(found), true),
                    "oracle": total_variation(known, true),
                    "caveats": model.caveats(setting),
                }
            )
    return answers


def generated_circles(model: FittedModel, truth: Truth, matching: Matching, samples: int) -> float:
    """Largest distance of what generated circles show under do() from the truth.

    Images are read by eye, as it were: by the colour, area and place of the disc.
    """
    worst = 0.0
    for factor in range(len(truth.states)):
        for state in range(truth.states[factor]):
            images = model.generate(samples, matching.setting(model, factor, state))["image"]
            joint = np.zeros(truth.states)
            np.add.at(joint, tuple(read_circles(images).T), 1 / samples)
            worst = max(worst, total_variation(joint, true_intervention(truth, factor, state)))
    return worst


def read_circles(images: NDArray[np.floating]) -> NDArray[np.int64]:
    """Hue, radius and position in each image of the example, shape ``(n, 3)``."""
    brightness = images.sum(1).clip(0)
    disc = brightness > 0.5 * brightness.max((1, 2), keepdims=True)
    area = disc.sum((1, 2))
    place = (disc * np.arange(images.shape[-1])).sum((1, 2)) / area
    blue = images[:, 2].sum((1, 2)) > images[:, 0].sum((1, 2))
    return np.stack([blue, area > np.pi * 7**2, place > 15.5], 1).astype(np.int64)


def predictions(model: FittedModel, suite: str, graph: str, seed: int, samples: int) -> list[dict]:
    """Every modality from every other, on samples that were not trained on.

    ``error`` is the mean squared error over that of the training mean. ``determined`` is the same
    against what the given modality determines: the mean of the target given the factors that the
    modality shows. ``floor`` is the error of that very mean, the best there is without the
    particulars of a sample.
    """
    fresh, truth = make_example(suite, samples, seed + 1000, graph)
    many, drawn = make_example(suite, MANY, seed + 2000, graph)
    info = EXAMPLES[suite]
    answers = []
    for given in fresh.names:
        shown = [j for j, f in enumerate(info.factors) if given in info.shown_in[f]]
        for target in (name for name in fresh.names if name != given):
            found = model.predict(only(fresh, given), target)
            seen, everywhere = fresh[target].values, many[target].values
            best = conditional_mean(everywhere, drawn.outcomes[:, shown], truth.outcomes[:, shown])
            mean = everywhere.mean(0)
            inside = ((found.lower <= seen) & (seen <= found.upper)).mean(0)
            answers.append(
                {
                    "given": given,
                    "target": target,
                    "error": _ratio(found.mean, seen, mean),
                    "floor": _ratio(best, seen, mean),
                    "determined": _ratio(found.mean, best, mean),
                    "covered": float(inside.mean()),
                    "covered_by_value": np.quantile(inside, [0, 0.05, 0.5, 0.95, 1]).tolist(),
                }
            )
    return answers


def only(dataset: MultimodalDataset, *names: str) -> MultimodalDataset:
    """The dataset with these modalities and no others."""
    return of_arrays({name: dataset[name].values for name in names})


def conditional_mean(
    values: NDArray[np.floating], known: NDArray[np.int64], asked: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Mean of ``values`` over samples with the same states as each one asked for, ``(n, …)``."""
    means = np.empty((len(asked), *values.shape[1:]))
    for states in np.unique(asked, axis=0):
        means[(asked == states).all(1)] = values[(known == states).all(1)].mean(0)
    return means


def _ratio(found: NDArray, true: NDArray, mean: NDArray) -> float:
    return float(np.square(found - true).mean() / np.square(mean - true).mean())


def counterfactuals(
    model: FittedModel, suite: str, graph: str, seed: int, matching: Matching, samples: int
) -> list[dict]:
    """Samples with one factor set that causes no other, against the same samples drawn anew.

    The drawing takes the same random numbers, so jitter and noise of each sample stay as they
    were. ``error`` and ``of_centre``, that of the decoded centre of the right outcome, are mean
    squared errors over the variance of the data: the gap is what keeping the residual is worth.
    ``unchanged`` is the largest difference from the own reconstruction where nothing changes.
    """
    truth, rng = make_truth(suite, samples, seed + 1000, graph)
    before = drawn(suite, truth.outcomes, rng)
    dataset = of_arrays(before)
    reconstruction = model.reconstruct(dataset)
    answers = []
    for factor in np.flatnonzero(~truth.adjacency.any(1)):
        for state in range(truth.states[factor]):
            outcomes = truth.outcomes.copy()
            outcomes[:, factor] = state
            moved = truth.outcomes[:, factor] != state
            after = drawn(suite, outcomes, rng)
            found = model.counterfactual(dataset, matching.setting(model, int(factor), state))
            centres = model.prototypes()
            for name, values in found.measurements.items():
                right = after[name][moved]
                own = np.abs(values - reconstruction[name])[~moved]
                at_centre = centres[name][found.outcome][moved]
                answers.append(
                    {
                        "do": f"{truth.factors[factor]}={state}",
                        "modality": name,
                        "error": _relative(values[moved], right),
                        "of_centre": _relative(at_centre, right),
                        "of_reconstruction": _relative(reconstruction[name], before[name]),
                        "unchanged": float(own.max()),
                    }
                )
    return answers


def drawn(suite: str, outcomes: NDArray[np.int64], rng: Generator) -> dict[str, NDArray]:
    """An example's measurements of these outcomes; the generator is left as it was."""
    return EXAMPLES[suite].draw(outcomes, deepcopy(rng))


def _relative(found: NDArray, true: NDArray) -> float:
    return float(np.square(found - true).mean() / np.square(true - true.mean(0)).mean())

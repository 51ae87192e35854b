"""The search for a start, which the warm-up's cycles repeat: what is found, and if it is enough.

Factors show before nuisance does: with every cycle the latents hold more of both, so the best
division so far is kept, and the search is over once it is clear, or passable and a further cycle
shows none better.
"""

from __future__ import annotations

from collections.abc import Iterator

from numpy.random import Generator

from causalpima_core.config import states_in_words
from causalpima_core.model import CausalPima
from causalpima_core.samples import Samples
from causalpima_core.training.counting import choose_states
from causalpima_core.training.fit import CLEAR_ENTROPY, OVERLAP
from causalpima_core.training.scene import Scene
from causalpima_core.training.start import Start, choose_start, in_common
from causalpima_core.training.vacancies import with_vacancies

NO_GROUPS = (
    "The samples show no clear groups that combinations of a few nodes could be: give the number "
    "of states per node, for example --states 2,2,3, or more samples."
)


def best_division(model: CausalPima, data: Samples, rng: Generator) -> Start | None:
    """As the model now sees the samples; None where it is to choose the states and finds none.

    Raises:
        TrainingError: the samples cannot be divided into the states that are given.
    """
    scene = Scene.of(model, data, rng)
    if model.config.from_data:
        return choose_states(scene, rng)
    return choose_start(scene, model.config.states, rng)


def with_common_nodes(model: CausalPima, data: Samples, start: Start, rng: Generator) -> Start:
    """A start that is not clear, with undecided nodes from what two modalities have in common."""
    if start.entropy < CLEAR_ENTROPY or len(model.names) == 1:
        return start
    return in_common(Scene.of(model, data, rng), start)


def with_vacant_outcomes(model: CausalPima, data: Samples, start: Start, rng: Generator) -> Start:
    """The start, or one with fewer groups that fits better."""
    return with_vacancies(Scene.of(model, data, rng), start, rng)


def is_enough(start: Start, *, improved: bool, from_data: bool) -> bool:
    """Whether another cycle is not worth its time; ``improved``: the last one was."""
    passable = not improved and start.entropy < OVERLAP
    # Clear groups of some nodes do not tell that another node will not show yet.
    return passable or (start.is_clear and not from_data)


def in_words(start: Start, *, from_data: bool) -> Iterator[str]:
    """What joint training sets out from."""
    if from_data:
        refused = f" Refused: {start.refused}." if start.refused else ""
        yield f"States chosen from the data: {states_in_words(start.states)}.{refused}"
    outcomes = "joint outcome has" if start.n_vacant == 1 else "joint outcomes have"
    vacant = f"; {start.n_vacant} {outcomes} no samples" if start.n_vacant else ""
    yield (
        f"Start: {start.n_outcomes - start.n_vacant} groups from the {start.source} "
        f"(assignment entropy {start.entropy:.3f} nats){vacant}."
    )

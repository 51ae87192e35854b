"""Numbers and times as a person says them."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence

from causalpima_core.config import SEARCHED_SAMPLES, SMALL_FACTOR, TrainingConfig
from causalpima_core.data.multimodal import Kind, Modality, MultimodalDataset
from causalpima_core.runs.records import RunState

_STEP_SECONDS = {Kind.IMAGE: (1.2e-2, 1.1e-4), Kind.CURVE: (6e-3, 5e-5), Kind.TABLE: (3e-3, 1e-5)}
"""Of an optimiser step on one core, and more for each sample of its batch; an image costs this at
`_IMAGE_PIXELS`, half of it at any."""

_IMAGE_PIXELS = 32 * 32
_FIXED_SECONDS = 3.0
_MARKUP = re.compile(r"[\\`*_\[\]<>~$:]")
_ADDRESS = re.compile(r"(?<=:)(?=//)|(?<=www)(?=\.)|(?<=@)(?=[-\w])", re.IGNORECASE)
"""Where an address of a page or of mail comes apart."""

_NO_WIDTH = "\u2060"  # word joiner
_SEARCH_SECONDS = (1.8e-3, 8e-3)
"""Least and most of a search for groups, for each sample and modality."""

_COUNTING_SECONDS = (9e-3, 2e-2)
"""Least and most, for each sample, of choosing numbers of states, after every warm-up cycle."""

STATE_WORDS = {
    RunState.QUEUED: "starting",
    RunState.RUNNING: "training",
    RunState.FINISHED: "finished",
    RunState.FAILED: "failed",
    RunState.CANCELLED: "stopped",
}


def plain(text: str) -> str:
    r"""Text in which Streamlit finds no markup, though a formula or a name may hold its signs.

    What looks like an address would become a link whatever is escaped, so a character without
    width comes into it.

    >>> print(plain("a*b < c_1"))
    a\*b \< c\_1
    >>> print(plain("http://a.org").replace(_NO_WIDTH, "|"))
    http\:|//a.org
    """
    return _MARKUP.sub(r"\\\g<0>", _ADDRESS.sub(_NO_WIDTH, text))


def duration(seconds: float) -> str:
    """A length of time, no more precise than it deserves.

    >>> duration(8.4), duration(95), duration(4000)
    ('8 s', '1 min 35 s', '1 h 6 min')
    """
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def ordinal(number: int) -> str:
    """A place in a row.

    >>> ", ".join(ordinal(n) for n in (1, 2, 3, 4, 11, 22, 113))
    '1st, 2nd, 3rd, 4th, 11th, 22nd, 113th'
    """
    teens = number % 100 in (11, 12, 13)
    return f"{number}{'th' if teens else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


def queue_words(position: int, ahead: Sequence[str], others: int) -> str:
    """Where a run stands in the queue, and behind whom.

    Args:
        position: 1 is next.
        ahead: names of the same person's runs before it; of many, only some are said.
        others: how many of other people are before it.

    >>> queue_words(3, ["films", "films-2"], 0)
    '3rd in the queue, behind films and films-2'
    >>> queue_words(2, [], 1), queue_words(1, [], 0)
    ('2nd in the queue, behind 1 of others', '1st in the queue')
    """
    named = list(ahead[:3])
    if len(ahead) > len(named):
        named.append(f"{len(ahead) - len(named)} more")
    if others:
        named.append(f"{others} of others")
    told = f"{ordinal(position)} in the queue"
    if not named:
        return told
    return f"{told}, behind {' and '.join(filter(None, [', '.join(named[:-1]), named[-1]]))}"


def at_once(trainings: int) -> str:
    """How many runs train at the same time.

    >>> at_once(1), at_once(2)
    ('one run trains at a time', '2 runs train at a time')
    """
    return "one run trains at a time" if trainings == 1 else f"{trainings} runs train at a time"


def moment(unix: float) -> str:
    """A point in time in the server's own zone."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(unix))


def modality_words(modality: Modality) -> str:
    """Kind and size of one sample's measurement: ``3 × 32 × 32 image``."""
    if modality.kind is Kind.IMAGE:
        return f"{' × '.join(str(size) for size in modality.shape)} image"
    unit = "points" if modality.kind is Kind.CURVE else "columns"
    return f"{modality.kind} of {modality.shape[0]} {unit}"


def expected_seconds(
    dataset: MultimodalDataset, training: TrainingConfig, *, from_data: bool = False
) -> tuple[float, float]:
    """Rough least and most time of a run on two ordinary cores.

    The least where groups are clear after the first cycle of the warm-up, the most where every
    cycle is needed. The constants are such that the benchmark's standard runs (21 to
    279 s) lie between, as `between` rounds them.

    Args:
        dataset: what is trained on.
        training: how long.
        from_data: whether numbers of states are chosen from the data.
    """
    n, several = len(dataset), len(dataset.modalities) > 1
    n_train = n - training.n_held_out(n)
    batch = training.batch_of(n_train)
    step = sum(_step_seconds(modality, batch) for modality in dataset.modalities)
    if all(modality.kind is not Kind.IMAGE for modality in dataset.modalities):
        step *= SMALL_FACTOR
    warm_up, joint, distil = (
        training.epochs_of(steps, n_train) * max(1, n_train // batch)
        for steps in (training.warm_up_steps, training.joint_steps, training.distil_steps)
    )
    once = _FIXED_SECONDS + step * (joint + (distil / 2 if several else 0))
    cycles = [
        step * warm_up
        + min(n, SEARCHED_SAMPLES)
        * (search * len(dataset.modalities) + (counting if from_data else 0.0))
        for search, counting in zip(_SEARCH_SECONDS, _COUNTING_SECONDS, strict=True)
    ]
    return once + cycles[0], once + training.warm_up_cycles * cycles[1]


def _step_seconds(modality: Modality, batch: int) -> float:
    fixed, each = _STEP_SECONDS[modality.kind]
    size = 1.0
    if modality.kind is Kind.IMAGE:
        size = 0.5 + 0.5 * modality.shape[-1] * modality.shape[-2] / _IMAGE_PIXELS
    return fixed + each * size * batch


def between(least: float, most: float) -> str:
    """A span of expected time in words.

    >>> between(17, 18), between(17, 120)
    ('about 20 s', 'about 20 s to 2 min')
    """
    if about(least) == about(most):
        return about(least)
    return f"{about(least)} to {about(most).removeprefix('about ')}"


def about(seconds: float) -> str:
    """An expected time in words.

    >>> about(17), about(47), about(200)
    ('about 20 s', 'about a minute', 'about 3 min')
    """
    if seconds < 40:
        return f"about {max(10, round(seconds, -1)):.0f} s"
    if seconds < 90:
        return "about a minute"
    if seconds < 5400:
        return f"about {seconds / 60:.0f} min"
    return f"about {seconds / 3600:.1f} h"

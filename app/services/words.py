"""Numbers and times as a person says them."""

from __future__ import annotations

import re
import time

from causalpima_core.config import TrainingConfig
from causalpima_core.data.multimodal import Kind, Modality, MultimodalDataset
from causalpima_core.runs.records import RunState

_SECONDS_PER_SAMPLE = {Kind.IMAGE: 2.4e-4, Kind.CURVE: 1e-4, Kind.TABLE: 3e-5}
"""Of one epoch, measured on one core; an image costs this at `_IMAGE_PIXELS`, half of it at any."""

_IMAGE_PIXELS = 32 * 32
_FIXED_SECONDS = 6.0
_MARKUP = re.compile(r"[\\`*_\[\]<>~$:]")
_SEARCH_SECONDS_PER_SAMPLE = 4e-3

STATE_WORDS = {
    RunState.QUEUED: "starting",
    RunState.RUNNING: "training",
    RunState.FINISHED: "finished",
    RunState.FAILED: "failed",
    RunState.CANCELLED: "stopped",
}


def plain(text: str) -> str:
    r"""Text in which Streamlit finds no markup, though a formula or a name may hold its signs.

    >>> print(plain("a*b < c_1"))
    a\*b \< c\_1
    """
    return _MARKUP.sub(r"\\\g<0>", text)


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


def moment(unix: float) -> str:
    """A point in time in the server's own zone."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(unix))


def modality_words(modality: Modality) -> str:
    """Kind and size of one sample's measurement: ``3 × 32 × 32 image``."""
    if modality.kind is Kind.IMAGE:
        return f"{' × '.join(str(size) for size in modality.shape)} image"
    unit = "points" if modality.kind is Kind.CURVE else "columns"
    return f"{modality.kind} of {modality.shape[0]} {unit}"


def expected_seconds(dataset: MultimodalDataset, training: TrainingConfig) -> tuple[float, float]:
    """Rough least and most time of a run on two ordinary cores.

    The least where groups are clear after the first cycle of the warm-up, the most where every
    cycle is needed; epochs times the cost of each modality.
    """
    per_sample = 0.0
    for modality in dataset.modalities:
        size = 1.0
        if modality.kind is Kind.IMAGE:
            size = 0.5 + 0.5 * modality.shape[-1] * modality.shape[-2] / _IMAGE_PIXELS
        per_sample += _SECONDS_PER_SAMPLE[modality.kind] * size
    n_train = len(dataset) - training.n_held_out(len(dataset))
    small = all(modality.kind is not Kind.IMAGE for modality in dataset.modalities)
    steps = (training.warm_up_steps, training.joint_steps)
    cycle, joint = (training.epochs_of(count, n_train, small=small) for count in steps)
    search = _SEARCH_SECONDS_PER_SAMPLE * len(dataset)
    once = cycle * n_train * per_sample + search
    least = _FIXED_SECONDS + joint * n_train * per_sample + once
    return least, least + (training.warm_up_cycles - 1) * once


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

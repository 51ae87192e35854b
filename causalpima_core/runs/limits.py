"""What one machine is made to bear: trainings at once, threads of each, and room per workspace.

Defaults follow from the machine; each has an environment variable for whoever runs a server.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import psutil

from causalpima_core.errors import ConfigError

TRAININGS = "CAUSALPIMA_MAX_TRAININGS"
QUOTA = "CAUSALPIMA_QUOTA"

_CORES_OF_ONE = 4
"""Beyond so many, a training of this size gains less from a core than another training would."""

_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?)B?\s*", re.IGNORECASE)
_VISIBLE, _ALL_GPUS = "CUDA_VISIBLE_DEVICES", "CAUSALPIMA_GPUS"
_DRIVER = Path("/proc/driver/nvidia/gpus")


def trainings_at_once() -> int:
    """How many runs may train at once: as told, else one a GPU, else by the cores.

    Raises:
        ConfigError: the variable holds something else than a whole number from 1.
    """
    told = os.environ.get(TRAININGS, "").strip()
    if told:
        if not told.isdecimal() or int(told) < 1:
            raise ConfigError(f"{TRAININGS} is '{told}': give a whole number, at least 1.")
        return int(told)
    return len(gpus()) or min(cores(), max(2, cores() // _CORES_OF_ONE))


def threads_each() -> int:
    """Threads of one training, so that all that may run share the cores."""
    return max(1, cores() // trainings_at_once())


def cores() -> int:
    """Cores this process may use; two threads of one core count once."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min(psutil.cpu_count(logical=False) or 1, allowed or 1)


def gpus() -> list[str]:
    """Names of the NVIDIA devices to share, found without the seconds that importing torch takes.

    The list of CUDA_VISIBLE_DEVICES counts where there is one, and before it the one that
    `gpu_environment` leaves to a training, which itself sees its own device alone.
    """
    told = os.environ.get(_ALL_GPUS, os.environ.get(_VISIBLE))
    if told is not None:
        return [name.strip() for name in told.split(",") if name.strip() not in ("", "-1")]
    return [str(index) for index, _ in enumerate(_DRIVER.glob("*"))]


def gpu_environment(gpu: str | None) -> dict[str, str]:
    """Environment of a training that is to use this device alone."""
    return {} if gpu is None else {_VISIBLE: gpu, _ALL_GPUS: ",".join(gpus())}


def quota() -> int | None:
    """Bytes that one workspace may hold; None where there is no limit.

    Raises:
        ConfigError: the variable does not hold a size.
    """
    told = os.environ.get(QUOTA, "").strip()
    return parse_size(told) if told else None


def parse_size(text: str) -> int:
    """A size as a person writes it, in bytes.

    Raises:
        ConfigError: it is not a size above zero.

    >>> parse_size("20 GB"), parse_size("1.5M")
    (20000000000, 1500000)
    """
    match = _SIZE.fullmatch(text)
    size = round(float(match[1]) * _UNITS[match[2].upper()]) if match else 0
    if size < 1:
        raise ConfigError(f"{QUOTA} is '{text}': give a size such as 500 MB or 20 GB.")
    return size


def size_words(size: int) -> str:
    """Bytes in the unit that a person would choose.

    >>> size_words(812), size_words(1_500_000), size_words(20_000_000_000)
    ('812 B', '1.5 MB', '20 GB')
    """
    power = min(3, max(0, len(str(size)) - 1) // 3)
    return f"{size / 1000**power:.4g} {('B', 'kB', 'MB', 'GB')[power]}"

"""Text of command-line options to validated settings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from causalpima_core.config import AUTO, Edge, Knowledge, ModelConfig
from causalpima_core.data.scale import Scale
from causalpima_core.errors import ConfigError

T = TypeVar("T")


def model_config(
    states: str,
    latent_dim: int | None = None,
    forbid: Sequence[str] = (),
    require: Sequence[str] = (),
    tiers: Sequence[str] = (),
    experts: Sequence[str] = (),
    scales: Sequence[str] = (),
) -> ModelConfig:
    """What is modelled, from the options of ``fit``.

    >>> model_config("2,3", forbid=["node_2:node_1"]).knowledge.forbidden
    (('node_2', 'node_1'),)

    Raises:
        ConfigError: naming the option that is not understood.
    """
    knowledge = Knowledge(
        forbidden=tuple(_edge("--forbid", text) for text in forbid),
        required=tuple(_edge("--require", text) for text in require),
        tiers=_tiers(tiers),
    )
    return ModelConfig.parse(
        states=_states(states),
        latent_dim=latent_dim,
        knowledge=knowledge,
        experts=_experts(experts),
        scales=scales_of(scales),
    )


def _states(text: str) -> tuple[int, ...] | str:
    if text.strip().lower() == AUTO:
        return AUTO
    parts = [part.strip() for part in text.split(",")]
    wrong = [part for part in parts if not (part.isascii() and part.isdigit())]
    if wrong:
        raise ConfigError(
            f"--states '{text}' is not understood ('{wrong[0]}' is not a whole number): "
            "expected one number of states per node, for example --states 2,2,3, or auto."
        )
    return tuple(int(part) for part in parts)


def _edge(option: str, text: str) -> Edge:
    source, _, target = (part.strip() for part in text.partition(":"))
    if not source or not target or ":" in target:
        raise ConfigError(
            f"{option} '{text}' is not understood: expected SOURCE:TARGET, "
            f"for example {option} node_1:node_2."
        )
    return source, target


def by_name(
    option: str,
    texts: Sequence[str],
    expected: str,
    value_of: Callable[[str], T | None],
    split: Callable[[str, str], tuple[str, str, str]] = str.rpartition,
) -> dict[str, T]:
    """What an option that is repeated as ``NAME=VALUE`` says of each name.

    Args:
        option: as it is typed.
        texts: what it was given.
        expected: what should have come, and an example.
        value_of: the value that a text means; None where it means none.
        split: at which of several ``=``.

    Raises:
        ConfigError: a text is not understood, or a name is given twice.
    """
    found: dict[str, T] = {}
    for text in texts:
        name, _, told = (part.strip() for part in split(text, "="))
        value = value_of(told) if name else None
        if value is None:
            raise ConfigError(f"{option} '{text[:60]}' is not understood: expected {expected}.")
        if name in found:
            raise ConfigError(f"{option} is given twice for '{name}': give it once.")
        found[name] = value
    return found


def whole_number(text: str) -> int | None:
    """A number of digits only; None for any other text."""
    return int(text) if text.isascii() and text.isdigit() else None


def _experts(texts: Sequence[str]) -> dict[str, str]:
    expected = (
        'MODALITY=NAME or MODALITY="FORMULA; BOUNDS", for example --expert curve=line or '
        '--expert curve="a*exp(-k*t); k>0 [1/s]"'
    )
    return by_name("--expert", texts, expected, lambda spec: spec or None, str.partition)


def scales_of(texts: Sequence[str]) -> dict[str, Scale]:
    """How modalities are to be scaled, from ``--scale``.

    >>> scales_of(["curve=min-max"])
    {'curve': <Scale.MIN_MAX: 'min-max'>}

    Raises:
        ConfigError: one of them is not understood.
    """
    expected = "MODALITY=standard or MODALITY=min-max, for example --scale curve=min-max"
    known = {str(scale): scale for scale in Scale}
    return by_name("--scale", texts, expected, known.get)


def _tiers(texts: Sequence[str]) -> dict[str, int]:
    tiers: dict[str, int] = {}
    for text in texts:
        names, _, number = text.rpartition(":")
        nodes = [name.strip() for name in names.split(",")]
        if not all(nodes) or not number.strip().isdecimal():
            raise ConfigError(
                f"--tier '{text}' is not understood: expected NODE,NODE:NUMBER, "
                "for example --tier node_1,node_2:1."
            )
        for node in nodes:
            if tiers.setdefault(node, int(number)) != int(number):
                raise ConfigError(
                    f"Node '{node}' is in tier {tiers[node]} and in tier {int(number)}: "
                    "give it one tier."
                )
    return tiers

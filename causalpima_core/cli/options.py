"""Text of command-line options to validated settings."""

from __future__ import annotations

from collections.abc import Sequence

from causalpima_core.config import AUTO, Edge, Knowledge, ModelConfig
from causalpima_core.data.scale import Scale
from causalpima_core.errors import ConfigError


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


def _experts(texts: Sequence[str]) -> dict[str, str]:
    experts: dict[str, str] = {}
    for text in texts:
        modality, found, spec = (part.strip() for part in text.partition("="))
        if not (modality and found and spec):
            raise ConfigError(
                f"--expert '{text[:60]}' is not understood: expected MODALITY=NAME or "
                'MODALITY="FORMULA; BOUNDS", for example --expert curve=line or '
                '--expert curve="a*exp(-k*t); k>0 [1/s]".'
            )
        if modality in experts:
            raise ConfigError(f"--expert is given twice for '{modality}': give it once.")
        experts[modality] = spec
    return experts


def scales_of(texts: Sequence[str]) -> dict[str, Scale]:
    """How modalities are to be scaled, from ``--scale``.

    >>> scales_of(["curve=min-max"])
    {'curve': <Scale.MIN_MAX: 'min-max'>}

    Raises:
        ConfigError: one of them is not understood.
    """
    scales: dict[str, Scale] = {}
    for text in texts:
        modality, _, scale = (part.strip() for part in text.rpartition("="))
        if not modality or scale not in list(Scale):
            raise ConfigError(
                f"--scale '{text[:60]}' is not understood: expected MODALITY=standard or "
                "MODALITY=min-max, for example --scale curve=min-max."
            )
        if modality in scales:
            raise ConfigError(f"--scale is given twice for '{modality}': give it once.")
        scales[modality] = Scale(scale)
    return scales


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

"""Two runs in one aligned table: the settings that differ, and what they scored."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pandas as pd

from causalpima_core.config import RunConfig, states_in_words
from causalpima_core.report.terms import term_in_words
from causalpima_core.runs.names import UNNAMED, Names
from causalpima_core.runs.results import Summary

COLUMNS = ["what", "A", "B", "B − A"]
_NO_SETTING = ("name", "created", "dataset.path")
_WORD_GAP = re.compile(r"_(?!\d)")  # not that of node_1


def settings_table(one: RunConfig, other: RunConfig) -> pd.DataFrame:
    """One row per setting that differs; columns as in `scores_table`."""
    first, second = (dict(_flat(config.model_dump(mode="json"))) for config in (one, other))
    rows = [
        (_setting_name(key), _in_words(first.get(key)), _in_words(second.get(key)), "")
        for key in dict.fromkeys([*first, *second])
        if key not in _NO_SETTING and first.get(key) != second.get(key)
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def scores_table(
    one: Summary,
    other: Summary,
    partner: dict[str, str],
    names: tuple[Names, Names] = (UNNAMED, UNNAMED),
    *,
    same_data: bool,
    same_scales: bool = True,
) -> pd.DataFrame:
    """Held-out ELBO by term, errors, entropy, separation of matched nodes, number of warnings.

    Args:
        one: of run A.
        other: of run B.
        partner: node of B by node of A.
        names: of the nodes of either.
        same_data: whether errors may be subtracted.
        same_scales: whether terms of the ELBO may be, too.
    """
    rows: list[tuple[str, str, str, str]] = []
    for term in dict.fromkeys(["elbo", *one.held_out_elbo, *other.held_out_elbo]):
        pair = one.held_out_elbo.get(term), other.held_out_elbo.get(term)
        told = f"held-out {term_in_words(term)}, nats"
        rows.append(_numbers(told, pair, 3, same_data and same_scales))
    for name in dict.fromkeys([*one.modality_error, *other.modality_error]):
        pair = one.modality_error.get(name), other.modality_error.get(name)
        rows.append(_numbers(f"error of {name}, share of variance", pair, 3, same_data))
    pair = one.assignment_entropy, other.assignment_entropy
    rows.append(_numbers("assignment entropy, nats", pair, 4))
    rows += _separations(one, other, partner, names)
    rows.append(_numbers("warnings", (len(one.warnings), len(other.warnings)), 0))
    return pd.DataFrame(rows, columns=COLUMNS)


def _separations(
    one: Summary, other: Summary, partner: dict[str, str], names: tuple[Names, Names]
) -> Iterator[tuple[str, str, str, str]]:
    left = {node.name: node.separation for node in other.nodes}
    for node in one.nodes:
        match = partner.get(node.name, "")
        called = [names[0].node(node.name), *([names[1].node(match)] if match else [])]
        told = " / ".join(dict.fromkeys(called))
        yield _numbers(f"separation of {told}", (node.separation, left.pop(match, None)), 3)
    for node, separation in left.items():
        yield _numbers(f"separation of {names[1].node(node)}", (None, separation), 3)


def _numbers(
    what: str, pair: tuple[float | None, float | None], decimals: int, comparable: bool = True
) -> tuple[str, str, str, str]:
    one, other = pair
    told = ["–" if value is None else f"{value:,.{decimals}f}" for value in pair]
    if one is None or other is None or not comparable:
        return what, *told, ""
    difference = f"{other - one:+,.{decimals}f}"
    return what, *told, difference if any(digit in difference for digit in "123456789") else "0"


def _flat(values: dict[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """Nested settings by dotted names."""
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value


def _setting_name(key: str) -> str:
    section, *parts = key.split(".")
    told = {"dataset.name": "data", "dataset.n_samples": "samples", "dataset.sha256": "data, hash"}
    if section == "versions":
        return f"version of {'.'.join(parts)}"
    return told.get(key, _WORD_GAP.sub(" ", " · ".join(parts)))


def _in_words(value: Any) -> str:  # noqa: ANN401 - any setting
    match value:
        case None | "" | [] | ():
            return "–"
        case bool():
            return "yes" if value else "no"
        case [int(), *_]:
            return states_in_words(tuple(value))
        case [[_, _], *_]:
            return ", ".join(f"{source} → {target}" for source, target in value)
        case str():
            return value if len(value) < 64 else f"{value[:8]} …"
        case _:
            return f"{value:,}" if isinstance(value, int) else str(value)

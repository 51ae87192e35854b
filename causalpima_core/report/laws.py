"""Known physics in words: components by their settings, and how far values and law hold."""

from __future__ import annotations

from causalpima_core.runs.names import Names
from causalpima_core.runs.results import GraphResult, ParameterResult

GOOD_MISFIT, BAD_MISFIT = 1.2, 2.0
"""Residual variance over that of a free decoder up to which a law is good, and from which bad."""


def component_name(graph: GraphResult, names: Names, outcome: list[int]) -> str:
    """A component by its node settings."""
    pairs = zip(graph.nodes, outcome, strict=True)
    return ", ".join(names.setting(node.name, state) for node, state in pairs)


def remark(found: ParameterResult) -> str:
    """What keeps a value from being taken at its word."""
    if found.standard_error is None:
        return "not determined by the curves"
    return "at a bound, standard error no guide" if found.at_bound else ""


def misfit_sentence(misfit: float) -> str:
    """What the misfit means.

    >>> misfit_sentence(0.9)[-48:]
    'the law describes the curves as well as any can.'
    """
    told = f"The law leaves {misfit:.2g} times the variance that a free curve (a network) leaves: "
    if misfit <= GOOD_MISFIT:
        return told + "the law describes the curves as well as any can."
    if misfit <= BAD_MISFIT:
        return told + "a little of the curves is not in the law; the residuals show where."
    return told + "the law misses part of the curves; the residuals show where."

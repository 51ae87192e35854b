"""What was found of known physics, as results to be written."""

from __future__ import annotations

from math import isfinite

from causalpima_core.experts.learned import LearnedExpert
from causalpima_core.experts.uncertainty import Uncertainty, uncertainty
from causalpima_core.model import CausalPima
from causalpima_core.outcomes import outcome_table
from causalpima_core.runs.results import ExpertComponentResult, ExpertResult, ParameterResult


def expert_results(model: CausalPima) -> list[ExpertResult]:
    """Parameters of every component with units and standard errors, by modality."""
    return [_result(model, name, learned) for name, learned in model.experts.items()]


def _result(model: CausalPima, name: str, learned: LearnedExpert) -> ExpertResult:
    expert, state, units = learned.expert, learned.state(), model.scalings[name].units()
    known = uncertainty(expert, state, units)
    noise = units.scale * state.noise**0.5
    weighted = float(state.noise @ state.weight / max(state.weight.sum(), 1.0))
    components = [
        ExpertComponentResult(
            outcome=outcome.tolist(),
            parameters={
                parameter: _parameter(float(state.parameters[c, j]), known, (c, j))
                for j, parameter in enumerate(expert.names)
            },
            noise=_digits(noise[c]) or 0.0,
        )
        for c, outcome in enumerate(outcome_table(model.config.states))
    ]
    return ExpertResult(
        modality=name,
        spec=expert.spec,
        formula=expert.formula,
        axis=(expert.start, expert.stop),
        axis_unit=expert.axis_unit,
        unit=expert.unit,
        units={p.name: p.unit for p in expert.parameters},
        misfit=round(weighted / float(model.noise[name].mean()), 4),
        components=components,
    )


def _parameter(value: float, known: Uncertainty, place: tuple[int, int]) -> ParameterResult:
    return ParameterResult(
        value=_digits(value),
        standard_error=_digits(known.standard_error[place]),
        spread=_digits(known.spread[place]),
        at_bound=bool(known.at_bound[place]),
    )


def _digits(value: float) -> float | None:
    """Six significant digits, as more would only pretend; None for what is no number."""
    return float(f"{value:.6g}") if isfinite(value) else None

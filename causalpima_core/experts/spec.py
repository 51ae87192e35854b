"""An expert as a person writes it: clauses between semicolons, read and checked.

The first clause is a formula in ``t``, or a name of `NAMED`; the others are optional and say more
of a parameter, of the axis, or of the values::

    a*(1 - exp(-k*t)) + c; a>0 [MPa]; 0<k<5 [1/s]; t=0:30 [s]; value [MPa]
    elastic-plastic; t=0:0.03; value [MPa]

``k~0.5`` tells where to begin looking for k. The curve's points are spread evenly over ``t``, from
0 to 1 where nothing is said. Units are carried through to what is reported; those of a named
expert follow from the units of ``t`` and ``value``.
"""

from __future__ import annotations

import re
from dataclasses import replace
from math import isfinite

from causalpima_core.errors import ConfigError
from causalpima_core.experts.expert import Expert, Parameter
from causalpima_core.experts.expression import CALLABLE, names_in
from causalpima_core.experts.formula import AXIS, CONSTANTS, parse_formula
from causalpima_core.experts.named import NAMED

VALUE = "value"
MOST_PARAMETERS = 8
LONGEST_SPEC = 1000
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_CLAUSE = re.compile(
    rf"(?:(?P<low>{_NUMBER})\s*<=?\s*)?(?P<name>[A-Za-z][A-Za-z0-9_]*)\s*"
    rf"(?:=\s*(?P<start>{_NUMBER})\s*:\s*(?P<stop>{_NUMBER}))?"
    rf"(?:(?P<sign>[<>])=?\s*(?P<limit>{_NUMBER}))?\s*"
    rf"(?:~\s*(?P<near>{_NUMBER}))?\s*(?:\[(?P<unit>[^\[\]]*)\])?",
    re.ASCII,
)
_UNIT = re.compile(r"[\w/*^.()%°·⁻⁰¹²³⁴ +-]{0,20}")


def parse_expert(spec: str) -> Expert:
    """Read and check an expert (see the module).

    >>> parse_expert("line; t=0:30 [s]; value [MPa]").parameters[0].unit
    'MPa/s'

    Raises:
        ConfigError: what is not understood, and what was expected.
    """
    if len(spec) > LONGEST_SPEC:
        raise ConfigError(
            f"The expert has {len(spec):,} characters, more than the {LONGEST_SPEC} allowed: "
            "write it shorter."
        )
    first, *clauses = (clause.strip() for clause in spec.split(";"))
    named = NAMED.get(first)
    if named is not None:
        first, *own = (clause.strip() for clause in named.spec.split(";"))
        clauses = own + clauses
    expression = parse_formula(_formula(first))
    names = names_in(expression)
    parameters = {name: Parameter(name) for name in names if name != AXIS}
    _check_names(names, parameters)
    expert = Expert(spec.strip(), first, expression, tuple(parameters.values()))
    for clause in filter(None, clauses):
        expert = _with_clause(expert, clause)
    return _with_named_units(expert, named.units) if named else expert


def _formula(first: str) -> str:
    """The first clause, unless it was meant as the name of an expert that does not exist."""
    known = f"the experts are {', '.join(NAMED)}"
    if not first:
        raise ConfigError(
            f"The expert is empty: {known}; or write a formula in t, for example a*exp(-k*t)."
        )
    if re.fullmatch(r"[A-Za-z]+(-[A-Za-z]+)*", first) and AXIS not in re.split("-", first):
        raise ConfigError(f"Unknown expert '{first[:40]}': {known}; or write a formula in t.")
    if "=" in first or "<" in first or ">" in first or "[" in first:
        raise ConfigError(
            f"'{first[:60]}' is not a formula: write the formula first, then bounds and units "
            "after semicolons, for example a*exp(-k*t); k>0 [1/s]."
        )
    return first


def _check_names(names: tuple[str, ...], parameters: dict[str, Parameter]) -> None:
    if AXIS not in names:
        raise ConfigError(
            "The formula does not depend on t, so it is no curve: write it in t, for example a*t+b."
        )
    if not parameters:
        raise ConfigError(
            "The formula has no parameters to be found: name at least one, for example a*t."
        )
    if len(parameters) > MOST_PARAMETERS:
        raise ConfigError(
            f"The formula has {len(parameters)} parameters, more than the {MOST_PARAMETERS} that "
            "a curve can tell apart: write a simpler one."
        )
    if VALUE in parameters:
        raise ConfigError(
            "'value' stands for what the formula gives: choose another name for the parameter."
        )


def _with_clause(expert: Expert, clause: str) -> Expert:
    clause = re.sub(r"\s+", " ", clause)  # long blanks would take the pattern long to refuse
    match = _CLAUSE.fullmatch(clause)
    if match is None:
        raise ConfigError(
            f"'{clause[:60]}' is not understood: expected bounds or a unit, for example k>0 [1/s], "
            "0<k<5, k~0.5, t=0:30 [s] or value [MPa]."
        )
    name, unit = match["name"], _unit(match["unit"])
    ranged = match["start"] is not None
    limited = any(match[part] is not None for part in ("low", "sign", "near"))
    if name == AXIS:
        if limited:
            raise ConfigError(f"'{clause[:60]}' is not understood: the axis is written t=0:30 [s].")
        start, stop = (
            (float(match["start"]), float(match["stop"])) if ranged else (expert.start, expert.stop)
        )
        if not (isfinite(start) and isfinite(stop) and start < stop):
            raise ConfigError(
                f"'{clause[:60]}' is not an axis: expected t=START:STOP with START below STOP."
            )
        return replace(expert, start=start, stop=stop, axis_unit=unit or expert.axis_unit)
    if ranged or (name == VALUE and limited):
        raise ConfigError(
            f"'{clause[:60]}' is not understood: only t has a range, written t=0:30; bounds are "
            "written 0<k<5, and value has a unit alone."
        )
    if name == VALUE:
        return replace(expert, unit=unit or expert.unit)
    return _with_parameter(expert, name, match, unit)


def _with_parameter(expert: Expert, name: str, match: re.Match[str], unit: str) -> Expert:
    if name not in expert.names:
        taken = f" ('{name}' is {'a constant' if name in CONSTANTS else 'a function'})"
        raise ConfigError(
            f"'{match[0][:60]}' is about no parameter of the formula"
            f"{taken if name in CONSTANTS or name in CALLABLE else ''}: its parameters are "
            f"{', '.join(expert.names)}."
        )
    place = expert.names.index(name)
    old = expert.parameters[place]
    limit = float(match["limit"]) if match["sign"] else None
    lower = float(match["low"]) if match["low"] else limit if match["sign"] == ">" else None
    upper = limit if match["sign"] == "<" else None
    if match["low"] and match["sign"] == ">":
        raise ConfigError(f"'{match[0][:60]}' is not understood: write both bounds as 0<k<5.")
    new = Parameter(
        name,
        old.lower if lower is None else lower,
        old.upper if upper is None else upper,
        unit or old.unit,
        float(match["near"]) if match["near"] else old.near,
    )
    finite = all(isfinite(v) for v in (lower, upper, new.near) if v is not None)
    inside = new.near is None or new.lower < new.near < new.upper
    if not (finite and new.lower < new.upper and inside):
        raise ConfigError(
            f"'{match[0][:60]}' leaves no value for {name}: give a lower bound below the upper one"
            f"{' and a start between them' * (not inside)}."
        )
    parameters = (*expert.parameters[:place], new, *expert.parameters[place + 1 :])
    return replace(expert, parameters=parameters)


def is_unit(text: str) -> bool:
    """Whether an expert can carry this unit."""
    return _UNIT.fullmatch(text) is not None


def _unit(text: str | None) -> str:
    unit = (text or "").strip()
    if not is_unit(unit):
        raise ConfigError(
            f"'[{unit[:20]}]' is not a unit: expected at most 20 letters, digits and / * ^ . ( ), "
            "for example [MPa] or [1/s]."
        )
    return unit


def _with_named_units(expert: Expert, units: dict[str, str]) -> Expert:
    """Units of a named expert's parameters, where not given, from those of axis and values."""
    value, t = expert.unit, expert.axis_unit
    derived = {
        "": "",
        "value": value,
        "t": t,
        "1/t": f"1/{_divisor(t)}" if t else "",
        "value/t": f"{value or 1}/{_divisor(t)}" if t else value,
    }
    parameters = tuple(replace(p, unit=p.unit or derived[units[p.name]]) for p in expert.parameters)
    return replace(expert, parameters=parameters)


def _divisor(unit: str) -> str:
    return f"({unit})" if re.search(r"[/* ·]", unit) else unit

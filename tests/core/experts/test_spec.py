"""Experts as a person writes them: bounds, axis and units are carried, mistakes explained."""

from __future__ import annotations

from math import inf

import numpy as np
import pytest

from causalpima_core.errors import ConfigError
from causalpima_core.experts.expert import Parameter
from causalpima_core.experts.named import NAMED
from causalpima_core.experts.spec import parse_expert


def test_bounds_units_and_axis_are_read():
    expert = parse_expert(
        "a*(1 - exp(-k*t)) + c; a>0 [MPa]; 0<k<5 ~ 1 [1/s]; t=0:30 [s]; value [MPa]"
    )
    assert expert.parameters == (
        Parameter("a", 0, inf, "MPa"),
        Parameter("k", 0, 5, "1/s", 1.0),
        Parameter("c"),
    )
    assert (expert.start, expert.stop, expert.axis_unit, expert.unit) == (0, 30, "s", "MPa")
    np.testing.assert_array_equal(expert.axis(4), [0, 10, 20, 30])


def test_the_axis_runs_from_0_to_1_where_nothing_is_said():
    np.testing.assert_allclose(parse_expert("a*t").axis(3), [0, 0.5, 1])


@pytest.mark.parametrize(
    ("spec", "units"),
    [
        ("line; t=0:9 [s]; value [MPa]", {"slope": "MPa/s", "intercept": "MPa"}),
        ("elastic-plastic; value [MPa]", {"modulus": "MPa", "yield_stress": "MPa"}),
        ("elastic-plastic; value [MPa]; modulus [GPa]", {"modulus": "GPa"}),
        ("exponential-decay; t [m/s]", {"rate": "1/(m/s)", "amplitude": ""}),
        ("gaussian-peak; t [nm]", {"width": "nm", "centre": "nm"}),
    ],
)
def test_units_of_named_experts_follow_from_axis_and_values(spec: str, units: dict[str, str]):
    found = {p.name: p.unit for p in parse_expert(spec).parameters}
    assert {name: found[name] for name in units} == units


@pytest.mark.parametrize("name", NAMED)
def test_named_experts_take_further_bounds(name: str):
    parameter = parse_expert(name).names[0]
    expert = parse_expert(f"{name}; 1<{parameter}<2; t=1:2")
    assert (expert.parameters[0].lower, expert.parameters[0].upper) == (1, 2)
    assert set(NAMED[name].units) == set(expert.names)


def test_elastic_plastic_is_elastic_then_hardens():
    expert = parse_expert("elastic-plastic; t=0:0.04")
    curve = expert.curves(np.array([1000.0, 10.0, 100.0]), 5)
    np.testing.assert_allclose(curve, [0, 10, 11, 12, 13])


@pytest.mark.parametrize(
    ("spec", "hint"),
    [
        ("3t", "write"),
        ("linear", "line, elastic-plastic"),
        ("a*t; b>0", "its parameters are a"),
        ("a*t; a=3", "0<k<5"),
        ("exp t", "brackets"),
        ("a*t; sin>0", "'sin' is a function"),
        ("a*t; 3>a>1", "0<k<5"),
        ("a*t; a>0~-1", "between them"),
        ("curve=a*t", "first"),
    ],
)
def test_mistakes_are_explained(spec: str, hint: str):
    with pytest.raises(ConfigError, match=hint):
        parse_expert(spec)


@pytest.mark.parametrize(
    "parameter",
    [Parameter("a"), Parameter("a", 2.0), Parameter("a", upper=5.0), Parameter("a", 2.0, 5.0)],
)
def test_free_coordinates_and_their_slopes(parameter: Parameter):
    value = np.array([2.1, 3.0, 4.9])
    free = parameter.free(value)
    np.testing.assert_allclose(parameter.bound(free), value)
    step = 1e-6
    slope = (parameter.bound(free + step) - parameter.bound(free - step)) / (2 * step)
    np.testing.assert_allclose(parameter.slope(value), slope, rtol=1e-6)
    anywhere = parameter.bound(np.array([-30.0, 0.0, 30.0]))
    assert ((anywhere >= parameter.lower) & (anywhere <= parameter.upper)).all()

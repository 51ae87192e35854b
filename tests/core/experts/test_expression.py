"""Values are NumPy's, derivatives those of finite differences."""

from __future__ import annotations

import numpy as np
import pytest

from causalpima_core.experts.expression import (
    BINARY,
    CALLABLE,
    UNARY,
    derivative,
    evaluate,
    is_linear,
    names_in,
)
from causalpima_core.experts.formula import parse_formula

T = np.linspace(0.2, 0.9, 7)
FORMULAS = (
    [f"a*{name}(b*t)" for name in UNARY]
    + [f"{name}(a*t, b)" for name in BINARY]
    + ["a - b*t", "a/(b + t)", "t^a + b*t**-2", "-a^2*t", "(a + b)^(t - 1)", "exp(-a*t)/(1 + b)"]
)


@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.parametrize("name", ["a", "b", "t"])
def test_derivatives_are_those_of_finite_differences(formula: str, name: str):
    expression = parse_formula(formula)
    values = {"a": 0.7, "b": 0.4, "t": T}
    step = 1e-6
    above, below = (values | {name: values[name] + s * step} for s in (1, -1))
    expected = (evaluate(expression, above) - evaluate(expression, below)) / (2 * step)
    found = evaluate(derivative(expression, name), values)
    np.testing.assert_allclose(np.broadcast_to(found, expected.shape), expected, atol=1e-6)


def test_every_function_that_may_be_called_has_its_derivative_tested():
    tested = {word for f in FORMULAS for word in CALLABLE if f"{word}(" in f}
    assert tested == set(CALLABLE)


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("2 + 3*t", 2 + 3 * T),
        ("2 - 3 - t", -1 - T),
        ("8/4/2*t", T),
        ("-t^2", -(T**2)),
        ("2*-t", -2 * T),
        ("t^-1", 1 / T),
        ("2^t*3", 3 * 2**T),
        ("(2 + t)*(2 - t)", 4 - T**2),
        ("--t", T),
        ("pi*t", np.pi * T),
        ("1.5e-3*t", 1.5e-3 * T),
        ("max(min(t, 0.5), 0.3)", np.clip(T, 0.3, 0.5)),
    ],
)
def test_a_formula_means_what_it_means_on_paper(formula: str, expected: np.ndarray):
    np.testing.assert_allclose(evaluate(parse_formula(formula), {"t": T}), expected, rtol=1e-12)


def test_parameters_broadcast_against_the_axis():
    expression = parse_formula("a*t + b")
    values = {"a": np.array([[1.0], [2.0]]), "b": np.array([[0.0], [1.0]]), "t": T}
    np.testing.assert_allclose(evaluate(expression, values), [T, 2 * T + 1])


def test_what_is_undefined_is_not_a_number_and_no_error():
    assert not np.isfinite(evaluate(parse_formula("log(0 - t)/(t - t)"), {"t": T})).any()


@pytest.mark.parametrize(
    ("names", "linear"),
    [(("a", "c"), True), (("k",), False), (("a", "k"), False), (("a", "d"), False)],
)
def test_linearity_is_seen_from_the_form(names: tuple[str, ...], linear: bool):
    expression = parse_formula("a*d*exp(-k*t) + c")
    assert is_linear(expression, names) is linear


def test_names_come_in_the_order_they_appear():
    assert names_in(parse_formula("b*exp(-k*t) + a + b")) == ("b", "k", "t", "a")

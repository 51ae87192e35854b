"""The only things a formula can be made of, with their values and exact derivatives.

A tree of numbers, names and whitelisted functions; evaluating it calls nothing but the NumPy
functions listed here, so a formula from a stranger's file can do no harm.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class Number:
    """A constant."""

    value: float


@dataclass(frozen=True)
class Name:
    """The axis ``t`` or a parameter."""

    name: str


@dataclass(frozen=True)
class Operation:
    """A whitelisted function or operator, by its name in `FUNCTIONS`, and what it acts on."""

    function: str
    arguments: tuple[Expression, ...]


Expression = Number | Name | Operation
ZERO, ONE, TWO = Number(0.0), Number(1.0), Number(2.0)


def _step(x: ArrayLike) -> NDArray[np.float64]:
    """1 where positive, 0 where negative; which of two branches ``min`` and ``max`` take."""
    return np.heaviside(x, 0.5)


def _erf(x: ArrayLike) -> NDArray[np.float64]:
    """The error function, which few formulas have and every page would wait for."""
    from scipy.special import erf

    return erf(x)


OPERATORS: dict[str, Callable[..., NDArray[np.float64]]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "^": np.power,
    "negative": np.negative,
    "step": _step,
    "sign": np.sign,
}
UNARY: dict[str, Callable[..., NDArray[np.float64]]] = {
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "atan": np.arctan,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "tanh": np.tanh,
    "erf": _erf,
    "abs": np.abs,
}
BINARY: dict[str, Callable[..., NDArray[np.float64]]] = {"min": np.minimum, "max": np.maximum}
FUNCTIONS = OPERATORS | UNARY | BINARY
CALLABLE = dict.fromkeys(UNARY, 1) | dict.fromkeys(BINARY, 2)
"""Functions that a formula may call, with the number of their arguments."""


def evaluate(expression: Expression, values: Mapping[str, ArrayLike]) -> NDArray[np.float64]:
    """Value of an expression; arrays broadcast, and what is undefined becomes NaN or infinite."""
    with np.errstate(all="ignore"):
        return np.asarray(_value(expression, values), dtype=np.float64)


def _value(expression: Expression, values: Mapping[str, ArrayLike]) -> ArrayLike:
    if isinstance(expression, Number):
        return np.float64(expression.value)
    if isinstance(expression, Name):
        return np.asarray(values[expression.name], dtype=np.float64)
    return FUNCTIONS[expression.function](*(_value(a, values) for a in expression.arguments))


def names_in(expression: Expression) -> tuple[str, ...]:
    """Names in the order in which they first appear."""
    if isinstance(expression, Name):
        return (expression.name,)
    if isinstance(expression, Number):
        return ()
    return tuple(dict.fromkeys(n for a in expression.arguments for n in names_in(a)))


def derivative(expression: Expression, name: str) -> Expression:
    """Exact derivative with respect to one name, with zeros and ones simplified away.

    >>> derivative(multiply(Name("a"), Name("t")), "a")
    Name(name='t')
    """
    if isinstance(expression, Number):
        return ZERO
    if isinstance(expression, Name):
        return ONE if expression.name == name else ZERO
    inner = [derivative(argument, name) for argument in expression.arguments]
    if all(d == ZERO for d in inner):
        return ZERO
    outer = _PARTIALS[expression.function](*expression.arguments)
    total: Expression = ZERO
    for partial, d in zip(outer, inner, strict=True):
        if d != ZERO:  # a partial that does not count may be undefined: log(t) in (t^2)'
            total = add(total, multiply(partial, d))
    return total


def is_linear(expression: Expression, names: tuple[str, ...]) -> bool:
    """Whether the expression is linear in all these names together, as far as its form tells."""
    return not any(set(names) & set(names_in(derivative(expression, name))) for name in names)


def add(a: Expression, b: Expression) -> Expression:
    """``a + b``."""
    if a == ZERO:
        return b
    return a if b == ZERO else Operation("+", (a, b))


def multiply(a: Expression, b: Expression) -> Expression:
    """``a b``."""
    if ZERO in (a, b):
        return ZERO
    if a == ONE:
        return b
    return a if b == ONE else Operation("*", (a, b))


def _of(function: str, *arguments: Expression) -> Expression:
    return Operation(function, arguments)


def _square(a: Expression) -> Expression:
    return _of("*", a, a)


def _power_partials(a: Expression, b: Expression) -> tuple[Expression, Expression]:
    lower = _of("^", a, _of("-", b, ONE))
    return multiply(b, lower), multiply(_of("^", a, b), _of("log", a))


_GAUSS = Number(2 / np.sqrt(np.pi))
_PARTIALS: dict[str, Callable[..., tuple[Expression, ...]]] = {
    "+": lambda a, b: (ONE, ONE),
    "-": lambda a, b: (ONE, Number(-1.0)),
    "*": lambda a, b: (b, a),
    "/": lambda a, b: (_of("/", ONE, b), _of("negative", _of("/", a, _square(b)))),
    "^": _power_partials,
    "negative": lambda a: (Number(-1.0),),
    "step": lambda a: (ZERO,),
    "sign": lambda a: (ZERO,),
    "exp": lambda a: (_of("exp", a),),
    "log": lambda a: (_of("/", ONE, a),),
    "sqrt": lambda a: (_of("/", Number(0.5), _of("sqrt", a)),),
    "sin": lambda a: (_of("cos", a),),
    "cos": lambda a: (_of("negative", _of("sin", a)),),
    "tan": lambda a: (_of("+", ONE, _square(_of("tan", a))),),
    "atan": lambda a: (_of("/", ONE, _of("+", ONE, _square(a))),),
    "sinh": lambda a: (_of("cosh", a),),
    "cosh": lambda a: (_of("sinh", a),),
    "tanh": lambda a: (_of("-", ONE, _square(_of("tanh", a))),),
    "erf": lambda a: (_of("*", _GAUSS, _of("exp", _of("negative", _square(a)))),),
    "abs": lambda a: (_of("sign", a),),
    "min": lambda a, b: (_of("step", _of("-", b, a)), _of("step", _of("-", a, b))),
    "max": lambda a, b: (_of("step", _of("-", a, b)), _of("step", _of("-", b, a))),
}

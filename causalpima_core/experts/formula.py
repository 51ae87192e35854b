"""The parser: text of a formula to a tree of whitelisted parts, or one sentence why not.

A parser of its own, and a small one: Python's would accept attribute access, comprehensions and
names that look alike, all of which would then have to be found and refused.
"""

from __future__ import annotations

import re
from math import isfinite

import numpy as np

from causalpima_core.errors import ConfigError
from causalpima_core.experts.expression import CALLABLE, Expression, Name, Number, Operation

AXIS = "t"
CONSTANTS = {"pi": float(np.pi)}
LONGEST, DEEPEST, MOST_PARTS = 400, 30, 150
LARGEST_NUMBER = 1e15
_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?![\w.])"
    r"|(?P<name>[A-Za-z][A-Za-z0-9_]*)|(?P<sign>\*\*|[-+*/^(),]))",
    re.ASCII,  # else Arabic digits and non-breaking spaces would pass for others
)


def parse_formula(text: str) -> Expression:
    """Read a formula such as ``a*(1 - exp(-k*t)) + c``.

    Numbers, names, ``+ - * / ^`` (or ``**``), brackets and the functions of
    `expression.CALLABLE`; nothing else exists.

    >>> parse_formula("2*t")
    Operation(function='*', arguments=(Number(value=2.0), Name(name='t')))

    Raises:
        ConfigError: what is not understood or not allowed, and where.
    """
    if len(text) > LONGEST:
        raise ConfigError(
            f"The formula has {len(text):,} characters, more than the {LONGEST} allowed: "
            "write it shorter."
        )
    return _Parser(text).whole()


class _Parser:
    """Recursive descent, one method per level of precedence."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = _tokens(text)
        self.place, self.depth, self.parts = 0, 0, 0

    def whole(self) -> Expression:
        if not self.tokens:
            raise ConfigError("The formula is empty: write one in t, for example a*t + b.")
        expression = self.sum()
        if self.place < len(self.tokens):
            raise self.unexpected("an operator or the end")
        return expression

    def sum(self) -> Expression:
        self.depth += 1
        if self.depth > DEEPEST:
            raise ConfigError(
                f"The formula is nested more than {DEEPEST} brackets deep: write it flatter."
            )
        left = self.product()
        while sign := self.take("+", "-"):
            left = self.made(sign, left, self.product())
        self.depth -= 1
        return left

    def product(self) -> Expression:
        left = self.signed()
        while sign := self.take("*", "/"):
            left = self.made(sign, left, self.signed())
        return left

    def signed(self) -> Expression:
        negative = False
        while sign := self.take("+", "-"):
            negative ^= sign == "-"
        power = self.power()
        return self.made("negative", power) if negative else power

    def power(self) -> Expression:
        base = self.atom()
        if not self.take("^", "**"):
            return base
        negative = bool(self.take("-"))
        exponent = self.atom()
        if self.peek() in ("^", "**") or _has_power(exponent):
            raise ConfigError(
                f"The formula has a power within an exponent ('{self.shown()}'), which is not "
                "supported: write it with exp and log, or with brackets around the first power."
            )
        return self.made("^", base, self.made("negative", exponent) if negative else exponent)

    def atom(self) -> Expression:
        kind, token = self.next("a number, a name or '('")
        if kind == "number":
            return self.number(token)
        if token == "(":  # noqa: S105 - a bracket, not a secret
            inner = self.sum()
            self.expect(")")
            return inner
        if kind == "name" and self.peek() == "(":
            return self.call(token)
        if kind == "name":
            return self.name(token)
        self.place -= 1
        raise self.unexpected("a number, a name or '('")

    def number(self, token: str) -> Expression:
        value = float(token)
        if not isfinite(value) or value > LARGEST_NUMBER:
            raise ConfigError(
                f"The formula has the number {token[:20]}, beyond the {LARGEST_NUMBER:.0e} "
                "allowed: choose other units."
            )
        return self.counted(Number(value))

    def name(self, token: str) -> Expression:
        if token in CALLABLE:
            raise ConfigError(f"'{token}' is a function: give it brackets, as in {token}(t).")
        if token in ("e", "E"):
            raise ConfigError(
                f"'{token}' could be Euler's number or a parameter: write exp(…) for the first, "
                "another name for the second."
            )
        if token in CONSTANTS:
            return self.counted(Number(CONSTANTS[token]))
        if "__" in token or len(token) > 40:
            raise ConfigError(
                f"'{token[:40]}' cannot name a parameter: expected a letter followed by letters, "
                "digits and single underscores, at most 40."
            )
        return self.counted(Name(token))

    def call(self, token: str) -> Expression:
        if token not in CALLABLE:
            raise ConfigError(
                f"Unknown function '{token[:40]}': expected one of {', '.join(sorted(CALLABLE))}; "
                "to multiply, write *."
            )
        self.expect("(")
        arguments = [self.sum()]
        while self.take(","):
            arguments.append(self.sum())
        self.expect(")")
        wanted = CALLABLE[token]
        if len(arguments) != wanted:
            raise ConfigError(
                f"{token} takes {wanted} argument{'s' * (wanted > 1)}, got {len(arguments)}."
            )
        return self.made(token, *arguments)

    # -- tokens ---------------------------------------------------------------------------------

    def made(self, function: str, *arguments: Expression) -> Expression:
        return self.counted(Operation(function, arguments))

    def counted(self, expression: Expression) -> Expression:
        self.parts += 1
        if self.parts > MOST_PARTS:
            raise ConfigError(f"The formula has more than {MOST_PARTS} parts: write a simpler one.")
        return expression

    def peek(self) -> str:
        return self.tokens[self.place][1] if self.place < len(self.tokens) else ""

    def next(self, expected: str) -> tuple[str, str]:
        if self.place == len(self.tokens):
            raise self.unexpected(expected)
        self.place += 1
        return self.tokens[self.place - 1]

    def take(self, *signs: str) -> str:
        if self.peek() not in signs or not self.peek():
            return ""
        self.place += 1
        return self.tokens[self.place - 1][1]

    def expect(self, sign: str) -> None:
        if not self.take(sign):
            raise self.unexpected(f"'{sign}'")

    def unexpected(self, expected: str) -> ConfigError:
        got = f"'{self.peek()[:20]}'" if self.peek() else "nothing"
        return ConfigError(f"The formula '{self.shown()}' has {got} where {expected} is expected.")

    def shown(self) -> str:
        return self.text if len(self.text) <= 60 else f"{self.text[:60]}…"


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens, position, end = [], 0, len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None:
            rest = text[position:].lstrip()
            raise ConfigError(
                f"The formula has {_named(rest)}, which is not allowed: write numbers, plain "
                "letters, + - * / ^ and brackets, and 3*t for three times t."
            )
        kind = match.lastgroup or ""
        tokens.append((kind, match[kind]))
        position = match.end()
    return tokens


def _named(rest: str) -> str:
    """The first character of what is not understood; by its code where it cannot be trusted."""
    first = rest[0]
    if first.isascii() and first.isprintable():
        word = re.match(r"[\w.]+|.", rest)
        return f"'{word[0][:20] if word else first}'"
    return f"the character U+{ord(first):04X}"


def _has_power(expression: Expression) -> bool:
    if not isinstance(expression, Operation):
        return False
    return expression.function == "^" or any(_has_power(a) for a in expression.arguments)

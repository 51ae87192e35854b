"""Numbers as a paper gives them: no more digits than they deserve, errors beside values."""

from __future__ import annotations

import math


def short(value: float, digits: int = 4) -> str:
    """A number with a few significant digits.

    >>> short(12345.6), short(0.012345), short(0.0)
    ('12,350', '0.01235', '0')
    >>> short(1.0, 3)
    '1.00'
    """
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    decimals = digits - 1 - math.floor(math.log10(abs(value)))
    if not -6 < math.log10(abs(value)) < 7:
        return f"{value:.{digits - 1}e}"
    return f"{round(value, decimals):,.{max(decimals, 0)}f}"


def with_error(value: float | None, error: float | None) -> str:
    """A value with its standard error, both to the error's second digit.

    >>> with_error(1834.2, 12.3), with_error(0.51234, 0.0042), with_error(3.0, None)
    ('1,834 ± 12', '0.5123 ± 0.0042', '3.000 (not determined)')
    >>> with_error(None, None)
    'not determined'
    """
    if value is None:
        return "not determined"
    if error is None:
        return f"{short(value)} (not determined)"
    if error <= 0:
        return f"{short(value)} ± 0"
    decimals = 1 - math.floor(math.log10(error))
    if not -6 < decimals < 8:
        return f"{value:.4g} ± {error:.2g}"
    shown = max(decimals, 0)
    return f"{round(value, decimals):,.{shown}f} ± {round(error, decimals):,.{shown}f}"


def percent(share: float) -> str:
    """A share in percent.

    >>> percent(0.1234), percent(1.0)
    ('12.3%', '100%')
    """
    return f"{100 * share:.1f}".removesuffix(".0") + "%"

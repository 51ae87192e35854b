"""The well-known curves that an expert can be named after."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Named:
    """A well-known curve.

    Attributes:
        spec: its formula and bounds, as a person would write them.
        units: of its parameters, in ``value`` and ``t``.
        summary: what it is for.
    """

    spec: str
    units: dict[str, str]
    summary: str


NAMED = {
    "line": Named(
        "slope*t + intercept",
        {"slope": "value/t", "intercept": "value"},
        "a straight line",
    ),
    "elastic-plastic": Named(
        "modulus*min(t, yield_stress/modulus) + hardening_modulus*max(t - yield_stress/modulus, 0);"
        "modulus>0; yield_stress>0; hardening_modulus>0",
        {"modulus": "value/t", "yield_stress": "value", "hardening_modulus": "value/t"},
        "stress over strain: elastic up to the yield stress, then linear hardening",
    ),
    "exponential-decay": Named(
        "amplitude*exp(-rate*t) + offset; rate>0",
        {"amplitude": "value", "rate": "1/t", "offset": "value"},
        "decay (or rise) to a plateau at one rate",
    ),
    "power-law": Named(
        "factor*t^exponent",
        {"factor": "value", "exponent": ""},
        "a power of t; its factor is the value at t = 1",
    ),
    "gaussian-peak": Named(
        "height*exp(-((t - centre)/width)^2/2) + baseline; width>0",
        {"height": "value", "centre": "t", "width": "t", "baseline": "value"},
        "one peak on a flat baseline; the width is a standard deviation",
    ),
    "damped-oscillation": Named(
        "exp(-damping*t)*(cosine*cos(2*pi*frequency*t) + sine*sin(2*pi*frequency*t)) + offset;"
        "damping>0; frequency>0",
        {"damping": "1/t", "cosine": "value", "frequency": "1/t", "sine": "value"}
        | {"offset": "value"},
        "a decaying oscillation; cosine and sine are its amplitudes in and out of phase",
    ),
}

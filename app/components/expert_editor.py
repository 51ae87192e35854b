"""Known physics of curves: a name or a formula for each, tried on the data at once."""

from __future__ import annotations

import numpy as np
import streamlit as st

from app.charts.curves import Lines, curves_figure
from app.charts.palette import colour
from app.components.frame import sentences
from app.services.words import plain
from causalpima_core.data.multimodal import Kind, Modality, MultimodalDataset
from causalpima_core.experts.check import axis_of, check_expert, completed
from causalpima_core.experts.curve_fit import find_starts, fit_curves
from causalpima_core.experts.named import NAMED
from causalpima_core.experts.spec import parse_expert
from causalpima_core.report.axes import Axes, with_unit

TRIED_CURVES = 12
GREY = "#888888"
PAUSE = "400ms"
"""In typing, after which a formula is read and tried on the curves."""
SYNTAX = (
    "A name, or a formula in t with + − * / ^, exp, log, sqrt, sin, cos, tanh, abs, min and max; "
    "then, between semicolons, bounds and units: `a*(1 - exp(-k*t)) + c; a>0 [MPa]; k>0 [1/s]; "
    "t=0:30 [s]; value [MPa]`. Without `t=` the curve runs along the axis that the data "
    "state, or from 0 to 1.\n\n"
    + "\n".join(f"- `{name}`: {named.summary}" for name, named in NAMED.items())
)


def expert_editor(data: str, dataset: MultimodalDataset) -> dict[str, str] | None:
    """Experts as they are written, by modality; None, and what is wrong below it, if one is not."""
    curves = [m for m in dataset.modalities if m.kind is Kind.CURVE]
    if not curves:
        return {}
    st.subheader(
        "Known physics",
        anchor=False,
        help="Where a curve follows a known law, every component gets the law's parameters, with "
        "standard errors, and groups are looked for in these parameters too.",
    )
    experts, understood = {}, True
    for modality in curves:
        spec = st.text_input(
            f"Law of {plain(modality.name)}",
            key=f"model.expert.{data}.{modality.name}",
            persist_state="session",
            placeholder=f"none; for example {completed('elastic-plastic', modality)}"
            if axis_of(modality)
            else "none; for example elastic-plastic; t=0:0.03; value [MPa]",
            help=SYNTAX,
            live=PAUSE,
        ).strip()
        if not spec:
            continue
        with sentences():
            spec = completed(spec, modality)
            _try(modality, spec)
            experts[modality.name] = spec
        understood = understood and modality.name in experts
    return experts if understood else None


def _try(modality: Modality, spec: str) -> None:
    """Fit the law to a few curves and show how near it comes."""
    expert = parse_expert(spec)
    check_expert(expert, modality)
    seen = np.flatnonzero(modality.observed)
    rng = np.random.default_rng(0)
    chosen = seen[rng.permutation(len(seen))[:TRIED_CURVES]]
    some = modality.values[chosen].astype(np.float64)
    fits = fit_curves(expert, some, find_starts(expert, some, rng))
    fitted = expert.curves(fits.parameters, some.shape[1])
    measured = Lines(some, "measured", GREY, 0.6, 2.0)
    law = Lines(fitted, "law, fitted to each", colour(0), 0.9, 1.2)
    axes = Axes(
        expert.start, expert.stop, with_unit("t", expert.axis_unit), with_unit("value", expert.unit)
    )
    figure = curves_figure([measured, law], height=220, axes=axes)
    st.plotly_chart(figure, config={"displayModeBar": False}, width="stretch")
    left = np.square(fitted - some).mean() / max(np.square(some - some.mean()).mean(), 1e-12)
    values = ", ".join(
        f"{p.name} {value:.4g}{f' {p.unit}' if p.unit else ''}"
        for p, value in zip(expert.parameters, np.median(fits.parameters, axis=0), strict=True)
    )
    st.caption(
        f"Fitted to {len(some)} curves one by one. Leaves {100 * left:.2g}% of their variance; for "
        f"a law that fits, that is noise. Median: {values}."
    )

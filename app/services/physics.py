"""A law beside the curves of one component: fitted to each of them, what does it leave?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from app.services.loaders import Result
from app.services.models import version_of
from causalpima_core.data.multimodal import MultimodalDataset
from causalpima_core.experts.curve_fit import fit_curves
from causalpima_core.experts.spec import parse_expert
from causalpima_core.runs.results import ExpertResult
from causalpima_core.runs.store import RunFolder

MOST_CURVES = 60
LAW_POINTS = 200


@dataclass(frozen=True)
class Fit:
    """Curves of some samples of a component and what the law leaves of each.

    Attributes:
        curves: shape ``(n, points)``.
        residuals: from the law with each curve's own parameters, shape ``(n, points)``.
        samples: how many the component has.
    """

    curves: NDArray[np.float64]
    residuals: NDArray[np.float64]
    samples: int


def law_curve(law: ExpertResult, component: int) -> NDArray[np.float64]:
    """The curve of a component, shape ``(1, LAW_POINTS)``."""
    return parse_expert(law.spec).curves(_parameters(law, component), LAW_POINTS)


def fit_of(
    folder: RunFolder,
    law: ExpertResult,
    component: int,
    result: Result,
    dataset: MultimodalDataset,
) -> Fit:
    """The law fitted to each of at most `MOST_CURVES` samples of a component.

    The component's own curve would not do: how samples differ in their parameters would hide
    what the law cannot describe.
    """
    return _fit(version_of(folder), law.modality, component, law, result, dataset)


@st.cache_data(show_spinner="Fitting the law to each curve …", max_entries=64)
def _fit(
    version: tuple[str, float],
    modality: str,
    component: int,
    _law: ExpertResult,
    _result: Result,
    _dataset: MultimodalDataset,
) -> Fit:
    measured = _dataset[modality]
    inside = _result.assignments["component"].to_numpy() == component
    rows = np.flatnonzero(inside & measured.observed)
    chosen = rows[np.linspace(0, len(rows) - 1, min(MOST_CURVES, len(rows))).astype(int)]
    curves = measured.values[chosen].astype(np.float64)
    if len(curves) == 0:
        return Fit(curves, curves, 0)
    expert = parse_expert(_law.spec)
    fits = fit_curves(expert, curves, _parameters(_law, component))
    left = curves - expert.curves(fits.parameters, curves.shape[1])
    return Fit(curves, left, len(rows))


def _parameters(law: ExpertResult, component: int) -> NDArray[np.float64]:
    found = law.components[component].parameters
    values = [found[name].value for name in parse_expert(law.spec).names]
    return np.array([[np.nan if value is None else value for value in values]])

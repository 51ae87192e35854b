"""Measurements of one sample, predicted or as they would be, each kind in its own way."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from app.charts.answers import (
    band_figure,
    change_figure,
    change_table,
    error_sentence,
    prediction_table,
)
from app.charts.curves import Lines, curves_figure
from app.charts.palette import COLOURS
from app.components import columns
from app.components.samples import PLAIN, spread
from app.services.loaders import Result
from causalpima_core.data.multimodal import Kind, Modality, MultimodalDataset
from causalpima_core.report.axes import Axes, with_unit
from causalpima_core.report.pictures import limits, signed, thumbnails
from causalpima_core.runs.results import ExpertResult

if TYPE_CHECKING:
    from causalpima_core.queries import Prediction
    from causalpima_core.scaling import ModalitySpec

PICTURE = 140
LEAST_CHANGE = 0.05
"""Of an image's range: a smaller difference is not drawn in full colour."""
LOOKED_AT = 500
"""Samples from which the spread between samples is taken."""


@dataclass(frozen=True)
class Look:
    """How a modality is shown.

    Attributes:
        axes: of a curve.
        columns: names of a table's.
        black_white: of an image.
        spread: standard deviation between samples, where there are any to compare with.
        unit: of the values, where a law gives one.
    """

    name: str
    kind: Kind
    axes: Axes
    columns: tuple[str, ...]
    black_white: tuple[float, float]
    spread: float | None
    unit: str


def look_of(spec: ModalitySpec, result: Result, dataset: MultimodalDataset | None) -> Look:
    """As the run's own data look; as far as known where they are gone."""
    known = dataset[spec.name] if dataset is not None and spec.name in dataset.names else None
    law = next((law for law in result.summary.experts if law.modality == spec.name), None)
    prototypes = result.prototypes(spec.name)
    values = known.values if known is not None else prototypes
    return Look(
        name=spec.name,
        kind=spec.kind,
        axes=_axes(spec, law, known),
        columns=_columns(spec, known),
        black_white=(0.0, 1.0) if values is None else limits(values),
        spread=_spread(known),
        unit=law.unit if law else known.unit if known is not None else "",
    )


def _axes(spec: ModalitySpec, law: ExpertResult | None, known: Modality | None) -> Axes:
    """Of a curve: the law's, else those that the data state."""
    if law:
        return Axes.of_law(law)
    if known is not None and known.axis:
        return replace(Axes.of_modality(known), y=with_unit(spec.name, known.unit))
    return Axes.of_points(spec.shape[-1], spec.name)


def _columns(spec: ModalitySpec, known: Modality | None) -> tuple[str, ...]:
    named = known.columns if known is not None else ()
    return spec.columns or named or tuple(f"{spec.name}[{i}]" for i in range(spec.shape[0]))


def _spread(known: Modality | None) -> float | None:
    """Root of the mean variance of the values, each over samples."""
    rows = np.flatnonzero(known.observed) if known is not None else np.array([], int)
    if known is None or len(rows) < 2:
        return None
    return float(np.sqrt(known.values[spread(rows, LOOKED_AT)].var(0).mean()))


def show_given(look: Look, values: NDArray[np.float32]) -> None:
    """A measurement as it is."""
    if look.kind is Kind.IMAGE:
        _pictures([(_picture(look, values), "")], f"{look.name} as measured")
    elif look.kind is Kind.CURVE:
        lines = [Lines(values[None], "", COLOURS[1], 1.0, 2.0)]
        st.plotly_chart(
            curves_figure(lines, 200, look.axes), key=f"cross.given.{look.name}", config=PLAIN
        )
    else:
        table = pd.DataFrame({"column": look.columns, "value": values})
        st.dataframe(table, hide_index=True, height=_height(table))


def show_prediction(look: Look, found: Prediction, true: NDArray[np.float32] | None) -> None:
    """A predicted modality with its interval beside the true one, and the error in words."""
    mean, lower, upper = found.mean[0], found.lower[0], found.upper[0]
    if look.kind is Kind.IMAGE:
        _predicted_image(look, mean, (upper - lower) / 2, true)
    elif look.kind is Kind.CURVE:
        figure = band_figure(mean, lower, upper, true, look.axes)
        st.plotly_chart(figure, key=f"cross.predicted.{look.name}", config=PLAIN)
    else:
        table = prediction_table(look.columns, mean, lower, upper, true)
        _numbers(table)
    if true is None:
        st.caption("Not measured in this sample, so there is nothing to compare with.")
    else:
        st.caption(error_sentence(mean, lower, upper, true, look.spread, look.unit))


def show_change(look: Look, before: NDArray[np.float32], after: NDArray[np.float32]) -> None:
    """A modality as the model sees it now and as it would be, and the difference."""
    if look.kind is Kind.CURVE:
        figure = change_figure(before, after, look.axes)
        st.plotly_chart(figure, key=f"cross.change.{look.name}", config=PLAIN)
    elif look.kind is Kind.TABLE:
        _numbers(change_table(look.columns, before, after))
    else:
        low, high = look.black_white
        limit = max(float(np.abs(after - before).max()), LEAST_CHANGE * (high - low))
        _pictures(
            [
                (_picture(look, before), "as it is"),
                (_picture(look, after), "as it would be"),
                (signed(after - before, limit, PICTURE), "difference"),
            ],
            look.name,
        )
        most = " of the channel that changes most" if before.shape[0] > 1 else ""
        st.caption(f"Difference{most}: orange is more, blue is less, full colour ±{limit:.3g}.")


def _predicted_image(
    look: Look,
    mean: NDArray[np.float32],
    half_width: NDArray[np.float32],
    true: NDArray[np.float32] | None,
) -> None:
    widest = float(half_width.mean(0).max())
    width = thumbnails(half_width.mean(0)[None, None], (0.0, max(widest, 1e-12)), PICTURE)[0]
    pictures = [(_picture(look, mean), "predicted"), (width, "half-width")]
    if true is not None:
        pictures.append((_picture(look, true), "true"))
    _pictures(pictures, look.name)
    st.caption(f"Half-width of the 90% interval: black is 0, white is {widest:.3g}.")


def _picture(look: Look, image: NDArray[np.float32]) -> NDArray[np.uint8]:
    return thumbnails(image[None], look.black_white, PICTURE)[0]


def _pictures(pictures: list[tuple[NDArray[np.uint8], str]], what: str) -> None:
    """Side by side, captions below."""
    with st.container(horizontal=True, gap="small"):
        for picture, caption in pictures:
            st.image(
                picture, caption=caption or None, width=PICTURE, alt=f"{what} {caption}".strip()
            )


def _numbers(table: pd.DataFrame) -> None:
    numeric = table.columns.drop("column")
    st.dataframe(
        table,
        hide_index=True,
        height=_height(table),
        column_config={name: columns.number(3) for name in numeric},
    )


def _height(table: pd.DataFrame) -> int | str:
    return "content" if len(table) < 10 else 320

"""One modality of a dataset at a glance: size, range, unit, axis, channels and a preview."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from app import state
from app.components.frame import sentences
from app.components.samples import preview
from app.services import uploads
from app.services.words import modality_words, plain
from app.state import Param
from causalpima_core.data.adjusting import Adjustment
from causalpima_core.data.multimodal import Kind, Modality
from causalpima_core.data.scale import Scale
from causalpima_core.experts.check import axis_of

SIDES = (128, 96, 64, 48, 32, 16)
"""Longest sides of smaller images to choose from, in pixels."""


def data_card(path: Path, modality: Modality) -> None:
    """The card, with a form for what the file does not say of units, axis and channels."""
    seen, n = modality.overview, modality.observed.sum()
    gone = 1 - modality.observed.mean()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{plain(modality.name)}** &ensp; {modality_words(modality)}")
        if _asked(modality):
            with st.popover(_label(modality), type="tertiary"), sentences():
                _form(path, modality)
        with st.popover("Scaling …", type="tertiary"), sentences():
            _scaling(path, modality)
            if _smaller_sides(modality) or (modality.kind is not Kind.IMAGE and seen.low > 0):
                _change(path, modality)
    unit = f" {plain(modality.unit)}" if modality.unit else ""
    st.caption(
        f"{n:,} of {len(modality.values):,} measured · {gone:.1%} missing · "
        f"values {seen.low:.3g} to {seen.high:.3g}{unit} · mean {seen.mean:.3g}{unit}  \n"
        + f"{_meaning(modality)}  \nFor training: {modality.scale}. "
        + _scaled(modality.kind, modality.scale)
    )
    preview(modality, key=f"data.preview.{modality.name}")


def _asked(modality: Modality) -> bool:
    """Whether there is more to say; not of one channel, nor of columns, named with their units."""
    if modality.kind is Kind.IMAGE:
        return modality.shape[0] > 1
    return not modality.columns


def _label(modality: Modality) -> str:
    if modality.kind is Kind.IMAGE:
        return "Channels …"
    return "Unit and axis …" if modality.kind is Kind.CURVE else "Unit …"


def _meaning(modality: Modality) -> str:
    """What unit, axis or channels are, or that nothing says so."""
    if modality.kind is Kind.IMAGE:
        told = ", ".join(plain(name) for name in modality.channels)
        if told:
            return f"Channels: {told}."
        return (
            "The file does not say what the channels are." if _asked(modality) else "One channel."
        )
    if modality.kind is Kind.TABLE:
        return "Units of a table are part of the names of its columns."
    if not modality.axis:
        return "The file does not say along what the curve runs: points are numbered."
    unit = f" {plain(modality.axis_unit)}" if modality.axis_unit else ""
    uneven = "" if axis_of(modality) else "; not evenly and rising, as known physics (Model) needs"
    return f"Along t from {modality.axis[0]:g} to {modality.axis[-1]:g}{unit}{uneven}."


def _form(path: Path, modality: Modality) -> None:
    """Fields for what is not known; all of them may stay empty."""
    key = f"data.units.{path.name}.{modality.name}"
    with st.form(key, border=False, enter_to_submit=True):
        given: dict[str, str] = {}
        if modality.kind is Kind.IMAGE:
            given["channels"] = st.text_input(
                "Channels",
                ", ".join(modality.channels),
                key=f"{key}.channels",
                placeholder="for example height, phase",
                help="What each channel is, in order, separated by commas.",
            )
        else:
            given["unit"] = st.text_input(
                "Unit of the values",
                modality.unit,
                key=f"{key}.unit",
                placeholder="for example MPa",
            )
        if modality.kind is Kind.CURVE:
            first, last = uploads.ends_of(modality)
            given["start"] = st.text_input("t at the first point", first, key=f"{key}.start")
            given["stop"] = st.text_input("t at the last point", last, key=f"{key}.stop")
            given["axis_unit"] = st.text_input(
                "Unit of t", modality.axis_unit, key=f"{key}.axis_unit", placeholder="for example s"
            )
        st.caption("Kept beside the data; nothing that is trained on changes.")
        if st.form_submit_button("Keep"):
            uploads.state_meaning(path, modality, given)
            st.rerun()


def _scaling(path: Path, modality: Modality) -> None:
    """What training is to see of the values."""
    key = f"data.scale.{path.name}.{modality.name}"
    with st.form(key, border=False):
        chosen = st.radio(
            "For training, values are scaled",
            list(Scale),
            index=list(Scale).index(modality.scale),
            key=f"{key}.choice",
            captions=[_scaled(modality.kind, scale) for scale in Scale],
            help="Counts for runs that are begun from now on; each records its own. What is "
            "decoded comes back in the units of the data either way.",
        )
        if st.form_submit_button("Keep"):
            uploads.state_scale(path, modality, chosen)
            st.rerun()


def _scaled(kind: Kind, scale: Scale) -> str:
    """What a scale does to values of that kind."""
    if scale is Scale.MIN_MAX:
        whose = "its column" if kind is Kind.TABLE else f"all {kind}s"
        return f"Each value from 0 to 1, between the least and the greatest of {whose}."
    if kind is Kind.TABLE:
        return "Each column by its own mean and deviation."
    part = "channel" if kind is Kind.IMAGE else "point"
    return f"Each {part} by its own mean, all by one deviation."


def _change(path: Path, modality: Modality) -> None:
    """Smaller images, or logarithms: another dataset, since runs hold on to the one they had."""
    key = f"data.change.{path.name}.{modality.name}"
    if modality.kind is Kind.IMAGE:
        sides = _smaller_sides(modality)
        side = st.selectbox("Longest side at most, in pixels", sides, key=f"{key}.side")
        change = Adjustment(largest_side=side)
        st.caption("Smaller images train faster; each pixel is the mean of those it replaces.")
    else:
        change = Adjustment(logarithm=True)
        st.caption(
            "Decimal logarithm of all values, for those that spread over several powers of ten. "
            "Training scales them as any others."
        )
    if st.button("Make another dataset", key=f"{key}.make"):
        state.put(Param.DATA, uploads.changed(path, modality, change).name)
        st.rerun()


def _smaller_sides(modality: Modality) -> list[int]:
    """Sides that would make images smaller; none for anything else."""
    if modality.kind is not Kind.IMAGE:
        return []
    return [side for side in SIDES if side < max(modality.shape[1:])]

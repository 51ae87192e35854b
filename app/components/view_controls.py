"""How to look at the latent space, kept in the URL by Streamlit itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import streamlit as st

from app.state import Bound


class Space(StrEnum):
    """Maps of the latent space to the screen."""

    PCA = "PCA"
    AXES = "Latent axes"
    UMAP = "UMAP"


@dataclass(frozen=True)
class View:
    """What a person chose to see; ``dimensions`` is 2 or 3."""

    space: Space
    dimensions: int
    colour: str
    ellipses: bool


def choose_view(colours: Mapping[str, str]) -> View:
    """A row of controls; ``colours`` by what they are called."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        space, dimensions = _space(), _dimensions()
        colour = st.selectbox(
            "Colour by",
            list(colours),
            format_func=lambda colour: colours[colour],
            key=Bound.COLOUR,
            bind="query-params",
            width=240,
            help="Component: one combination of node states. Confidence: the largest "
            "responsibility, that is the probability of the sample's own component.",
        )
        shaped = space is not Space.UMAP and dimensions == 2
        ellipses = st.toggle("Ellipses", value=True, key="latent.ellipses", disabled=not shaped)
    return View(space, dimensions, colour, ellipses and shaped)


def _space() -> Space:
    chosen = st.segmented_control(
        "Space",
        [space.value for space in Space],
        default=Space.PCA.value,
        required=True,
        key=Bound.SPACE,
        bind="query-params",
        help="PCA: the plane of largest variance. Latent axes: single dimensions. UMAP keeps "
        "neighbours together and distorts distances; it is computed on demand.",
    )
    return Space(chosen or Space.PCA)


def _dimensions() -> int:
    chosen = st.segmented_control(
        "Dimensions",
        ["2-D", "3-D"],
        default="2-D",
        required=True,
        key=Bound.DIMENSIONS,
        bind="query-params",
        help="Points can be selected in 2-D.",
    )
    return 3 if chosen == "3-D" else 2

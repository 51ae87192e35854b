"""Export: all that can be taken away of a run, seen before it is taken; and bundles brought in."""

from __future__ import annotations

import streamlit as st

from app import state
from app.components.export_preview import preview
from app.components.frame import run_page, sentences, unfinished
from app.components.import_area import import_area
from app.services import export_files, run_control
from app.services.export_files import BUNDLE, PRODUCTS, Download, Product
from app.services.words import plain
from app.state import Page, Param
from causalpima_core.runs.store import RunFolder

FIRST = "assignments"
"""Shown before a person asks for anything: it costs nothing."""


def show() -> None:
    """The page."""
    run_page(
        "Export",
        _export,
        empty=(
            "No run yet: what one has found is taken away from here.",
            Page.DATA,
            "Choose data",
        ),
    )
    import_area("export")


def _export(folder: RunFolder) -> None:
    offered = list(PRODUCTS)
    if not folder.has_result:
        unfinished(folder)
        if not run_control.status_of(folder).state.is_final:
            return
        st.write("It can be taken along as it is, and resumed on another machine.")
        offered = [BUNDLE]
    left, right = st.columns([1, 1.15], gap="large")
    chosen = state.get(Param.FILE)
    if chosen not in offered:
        chosen = FIRST if FIRST in offered else BUNDLE
    with left:
        for key in offered:
            _row(folder, key, PRODUCTS[key], is_shown=key == chosen)
    with right, sentences():
        preview(folder, chosen)


def _row(folder: RunFolder, key: str, product: Product, *, is_shown: bool) -> None:
    """A product, what it is for, and its buttons."""
    missing = export_files.why_not(folder) if key == BUNDLE else ""
    with st.container(gap="xxsmall"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.subheader(product.name, anchor=False)
            if st.button(
                "Shown" if is_shown else "Preview",
                key=f"export.preview.{key}",
                type="tertiary",
                icon=":material/arrow_forward:" if is_shown else ":material/visibility:",
                disabled=is_shown,
            ):
                state.put(Param.FILE, key)
                st.rerun()
        st.caption(product.told)
        with st.container(horizontal=True, gap="small"):
            for download in product.downloads:
                _button(folder, key, download, missing)
    st.space("small")


def _button(folder: RunFolder, key: str, download: Download, missing: str) -> None:
    """Disabled where data would have to go along that are gone."""
    possible = not missing or download.bare
    st.download_button(
        download.label,
        data=lambda: export_files.content(folder, download),
        file_name=f"{folder.name}{download.ending}",
        help=(download.told if possible else plain(missing)) or None,
        disabled=not possible,
        on_click="ignore",
        icon=":material/download:",
        key=f"export.{folder.name}.{key}{download.ending}",
    )


show()

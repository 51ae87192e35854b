"""What a file holds, seen before it is taken: as picture, as table, or as its first lines."""

from __future__ import annotations

import streamlit as st

from app.services import export_files
from app.services.export_files import PRODUCTS, Download
from app.services.loaders import result_of
from app.services.words import plain
from causalpima_core.runs.store import RunFolder

ROWS = 12
REPORT_HEIGHT = 760
MAKING = "Making it …"


def preview(folder: RunFolder, key: str) -> None:
    """The product called ``key``."""
    product = PRODUCTS[key]
    st.subheader(product.name, anchor=False)
    show = {
        "report": _report,
        "figures": _figures,
        "graph": _graph,
        "assignments": _assignments,
        "weights": _weights,
        export_files.BUNDLE: _bundle,
    }
    show[key](folder)


def _report(folder: RunFolder) -> None:
    download = PRODUCTS["report"].downloads[0]
    with st.spinner(MAKING):
        page = export_files.content(folder, download).decode()
    st.iframe(page, height=REPORT_HEIGHT)
    _command(folder, download)


def _figures(folder: RunFolder) -> None:
    with st.spinner(MAKING):
        drawn, names = export_files.drawings(folder), folder.names()
    for name, files in drawn.items():
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f"**{plain(names.node(name))}**", width="stretch")
            for suffix, held in files.items():
                st.download_button(
                    suffix.upper(),
                    held,
                    f"{folder.name}-{name}.{suffix}",
                    type="tertiary",
                    icon=":material/download:",
                    on_click="ignore",
                    key=f"export.{folder.name}.{name}.{suffix}",
                )
        st.image(files["svg"].decode(), width="stretch", alt=f"Figure {name}")
    _command(folder, PRODUCTS["figures"].downloads[0])


def _graph(folder: RunFolder) -> None:
    formats = {download.label: download for download in PRODUCTS["graph"].downloads}
    chosen = st.segmented_control(
        "Format", list(formats), default="DOT", required=True, key="export.format"
    )
    download = formats[chosen or "DOT"]
    st.caption(download.told)
    with st.spinner(MAKING):
        text = export_files.text_of(folder, download)
    st.code(text, language=None)
    _command(folder, download)


def _assignments(folder: RunFolder) -> None:
    table = result_of(folder).assignments
    st.dataframe(table.head(ROWS), hide_index=True)
    st.caption(
        f"{min(ROWS, len(table))} of {len(table):,} samples. States are counted from 0; names that "
        "you gave are in the report and in the bundle."
    )
    _command(folder, PRODUCTS["assignments"].downloads[0])


def _weights(folder: RunFolder) -> None:
    table = export_files.tensors(folder)
    st.caption(f"{len(table)} tensors with {table['values'].sum():,} values in all.")
    st.dataframe(table, hide_index=True, height=420)
    _command(folder, PRODUCTS["weights"].downloads[0])


def _bundle(folder: RunFolder) -> None:
    table, missing = export_files.bundled(folder), export_files.why_not(folder)
    st.caption(f"{len(table)} files, {table['kB'].sum() / 1e3:,.1f} MB before they are packed.")
    if missing:
        st.warning(plain(missing))
    st.dataframe(
        table,
        hide_index=True,
        height="content" if len(table) < ROWS else 420,
        column_config={"kB": st.column_config.NumberColumn(format="%.1f")},
    )
    _command(folder, PRODUCTS[export_files.BUNDLE].downloads[0])
    st.caption("On the other machine: the Export or Runs page, or this command.")
    st.code(
        f"python -m causalpima_core import {folder.name}-bundle.zip --out {folder.name}",
        language=None,
        wrap_lines=True,
    )


def _command(folder: RunFolder, download: Download) -> None:
    st.caption("The same on the command line:")
    st.code(export_files.command(folder, download), language=None, wrap_lines=True)

"""Files of a result to take away, in the formats the command line writes as well."""

from __future__ import annotations

import streamlit as st

from app.services.export_files import FORMATS, exported
from causalpima_core.runs.store import RunFolder


def export_area(folder: RunFolder) -> None:
    """One button per format; each file is written when its button is pressed, not before."""
    if not folder.has_result:
        return
    st.subheader("Export", anchor=False)
    with st.container(horizontal=True, gap="small"):
        for suffix, (label, told) in FORMATS.items():
            st.download_button(
                label,
                data=lambda suffix=suffix: exported(folder, suffix),
                file_name=f"{folder.name}.{suffix}",
                help=told,
                on_click="ignore",
                key=f"export.{folder.name}.{suffix}",
            )

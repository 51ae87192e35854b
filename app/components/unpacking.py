"""How far a large file is unpacked, beside a button that stops it."""

from __future__ import annotations

import streamlit as st

from app.services.words import plain
from app.state import Key
from causalpima_core.data.conversion import Progress

STOPPED = "Stopped: nothing of the file was kept. To read it after all, choose it again."


def unpacking_of(name: str, file_id: str) -> Progress:
    """Draws itself when first told of progress: most files are read in no time.

    Pressing the button, or leaving the page, ends the script at its next sign of progress, and
    with it the unpacking.
    """
    drawn = []

    def tell(share: float) -> None:
        if not drawn:
            with st.container():
                drawn.append(st.progress(0.0))
                st.button("Stop", key="data.unpacking.stop", on_click=_stop, args=(file_id,))
        drawn[0].progress(min(share, 1.0), f"Unpacking {plain(name)}: {share:.0%}")

    return tell


def _stop(file_id: str) -> None:
    """What the page will find instead of a dataset when it runs again."""
    st.session_state[Key.UPLOAD_SEEN] = (file_id, STOPPED)

"""Where files come in: one file, an archive, or several files of the same samples at once."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from app import state
from app.services import uploads
from app.services.words import plain
from app.state import Key, Param
from causalpima_core.data.readers import SUFFIXES
from causalpima_core.errors import CausalPimaError

FORMS = (
    "**Arrays** (.npz, .npy, .h5, .nc, .h5mu): samples on the first axis; (n, p) is a curve or "
    "table, (n, h, w) or (n, c, h, w) images; a row of NaN is a missing measurement.  \n"
    "**Tables** (.csv, .tsv, .parquet): columns curve[0], curve[1] … form one curve, other numbers "
    "a table, words are metadata; or long form, a row for each point of a sample's curve.  \n"
    "**Images** (PNG, JPEG, TIFF): a .zip with manifest.csv, which has a column sample_id and a "
    "column of file names for each kind of image.  \n"
    "**Several files at once**, one for each kind of measurement and perhaps metadata.csv, are "
    "matched by sample_id."
)


def uploader() -> None:
    """Take files in, once, and turn to the dataset; the sentence why not where it is refused."""
    files = st.file_uploader(
        "One file, an archive, or several files of the same samples",
        key="data.upload",
        accept_multiple_files=True,
    )
    st.caption("Formats: " + ", ".join(SUFFIXES) + " and images.")
    with st.expander("What a file should hold"):
        st.markdown(FORMS)
    if not files:
        return
    seen = " ".join(file.file_id for file in files)
    if st.session_state.get(Key.UPLOAD_SEEN, ("", ""))[0] != seen:
        given = [(file.name, file.getvalue()) for file in files]
        st.session_state[Key.UPLOAD_SEEN] = (seen, _accept(given))
    problem = st.session_state[Key.UPLOAD_SEEN][1]
    if problem:
        st.error(plain(problem))


def _accept(files: list[tuple[str, bytes]]) -> str:
    with st.empty():
        try:
            state.put(Param.DATA, uploads.accept_files(files, _progress()).name)
        except CausalPimaError as error:
            return str(error)
        finally:
            st.empty()
    return ""


def _progress() -> Callable[[float], None]:
    """A bar that is drawn once there is something to tell: most files are read in no time."""
    drawn = []

    def tell(share: float) -> None:
        if not drawn:
            drawn.append(st.progress(0.0))
        drawn[0].progress(min(share, 1.0), f"Reading the files: {share:.0%}")

    return tell

"""Where files come in: one file, an archive, or several files of the same samples at once."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app import state
from app.services import uploads
from app.services.words import plain
from app.state import Key, Param
from causalpima_core.data.conversion import Progress
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


STOPPED = "Stopped: nothing of it was kept. To read it after all, choose it again."


@dataclass(frozen=True)
class _Upload:
    """The last upload, and what came of it.

    Attributes:
        seen: tells it from any other.
        problem: the sentence why it was refused.
        was_here_as: name of the dataset that was the same already.
    """

    seen: str = ""
    problem: str = ""
    was_here_as: str = ""


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
    if _last().seen != seen:
        given = [(file.name, file.getvalue()) for file in files]
        st.session_state[Key.UPLOAD_SEEN] = _accept(given, seen)
    if _last().problem:
        st.error(plain(_last().problem))


def told_of_upload(name: str) -> None:
    """Say of a dataset that the last upload was the same and is not kept beside it."""
    if _last().was_here_as == name:
        st.info(f"What you uploaded was here already, as {plain(name)}: it is not kept twice.")


def _last() -> _Upload:
    return st.session_state.get(Key.UPLOAD_SEEN, _Upload())


def _accept(files: list[tuple[str, bytes]], seen: str) -> _Upload:
    place = st.empty()
    try:
        accepted = uploads.accept_files(files, _progress(place, seen))
    except CausalPimaError as error:
        return _Upload(seen, str(error))
    finally:
        place.empty()
    state.put(Param.DATA, accepted.path.name)
    return _Upload(seen, was_here_as=accepted.path.name if accepted.was_here else "")


def _progress(place: DeltaGenerator, seen: str) -> Progress:
    """A bar and a button to stop, drawn once there is something to tell: most are read in no time.

    Pressing it, or leaving the page, ends the script at its next sign of progress, and with it the
    reading.
    """
    drawn: list[DeltaGenerator] = []

    def tell(share: float) -> None:
        if not drawn:
            with place.container():
                drawn.append(st.progress(0.0))
                st.button("Stop", key="data.upload.stop", on_click=_stop, args=(seen,))
        drawn[0].progress(min(share, 1.0), f"Reading the files: {share:.0%}")

    return tell


def _stop(seen: str) -> None:
    """What the page will find instead of a dataset when it runs again."""
    st.session_state[Key.UPLOAD_SEEN] = _Upload(seen, STOPPED)

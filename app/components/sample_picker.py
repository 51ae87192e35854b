"""Which sample a page is about, of the run's data or of a file of one's own, and what is given."""

from __future__ import annotations

import numpy as np
import streamlit as st

from app import state
from app.services import questions, uploads
from app.services.loaders import Result, dataset_of
from app.services.questions import Sample
from app.services.words import plain
from app.state import Bound, Key, Param
from causalpima_core.errors import DataError
from causalpima_core.runs.store import RunFolder

OWN, FILE = "The run's data", "A file of yours"


def pick_sample(folder: RunFolder, result: Result, known: tuple[str, ...]) -> Sample | None:
    """The sample that is asked about; None where there is none yet.

    Args:
        folder: of the run.
        result: of the run.
        known: modalities that the run was trained on.

    Raises:
        DataError: the sample or file is not one to ask about.
    """
    controls = st.container(horizontal=True, vertical_alignment="bottom", gap="medium")
    source = controls.segmented_control(
        "Samples of",
        [OWN, FILE],
        default=OWN,
        required=True,
        key="cross.source",
        on_change=lambda: state.put(Param.SAMPLE, None),
    )
    if source == FILE:
        file = st.file_uploader(
            "Samples of your own, in any format of the Data page",
            key="cross.file",
            on_change=lambda: state.put(Param.SAMPLE, None),
            help=f"Any of the modalities {plain(', '.join(known))}, under these names and in the "
            "units of the run's data. The file is read and not kept.",
        )
        if file is None:
            return None
        dataset, stamp = uploads.read_upload(file.name, file.getvalue())
    else:
        dataset, reason = dataset_of(folder, result)
        if dataset is None:
            st.warning(f"The run's samples cannot be shown: choose a file. {plain(reason)}")
            return None
        stamp = folder.config().dataset.sha256
    with controls:
        row = _row([str(name) for name in dataset.sample_id])
    return questions.sample_of(dataset, row, known, stamp)


def _row(ids: list[str]) -> int:
    """The row of one sample, chosen by its name, which is kept in the URL.

    Raises:
        DataError: there is no sample of that name.
    """
    wanted = state.get(Param.SAMPLE) or ids[0]
    st.session_state[Key.SAMPLE_NAME] = wanted
    st.text_input(
        "Sample",
        key=Key.SAMPLE_NAME,
        width=130,
        on_change=lambda: state.put(Param.SAMPLE, st.session_state[Key.SAMPLE_NAME].strip()),
        help="As in the data's sample_id; where it has none, samples are counted from 0.",
    )
    if len(ids) > 1:
        st.button("Another at random", key="cross.another", on_click=_choose_any, args=(ids,))
    if wanted not in ids:
        raise DataError(
            f"There is no sample '{wanted}': the {len(ids):,} samples are called {ids[0]} to "
            f"{ids[-1]}."
        )
    return ids.index(wanted)


def _choose_any(ids: list[str]) -> None:
    state.put(Param.SAMPLE, ids[int(np.random.default_rng().integers(len(ids)))])


def pick_given(sample: Sample, known: tuple[str, ...]) -> tuple[str, ...]:
    """Modalities that the model may look at: all but the last at first, kept in the URL."""
    measured = sample.dataset.names
    if len(known) == 1:
        return measured
    chosen = st.pills(
        "Given",
        known,
        selection_mode="multi",
        default=known[:-1],
        key=Bound.GIVEN,
        bind="query-params",
        help="What the model may look at; the others are predicted from it.",
    )
    lacking = [name for name in known if name not in measured]
    if lacking:
        st.caption(f"Not measured in this sample: {plain(', '.join(lacking))}.")
    usable = tuple(name for name in measured if name in chosen)
    return usable if usable or not chosen else measured

"""The data files that are kept: their sizes, the runs made with them, and how to be rid of one."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app import state
from app.components.frame import sentences
from app.services import stored
from app.services.stored import StoredData
from app.services.words import moment, plain
from app.state import Param
from causalpima_core.runs.limits import size_words


def stored_data() -> None:
    """A list to choose from, and what can be done with the one that is chosen."""
    files = stored.stored_data()
    if not files:
        st.caption("Nothing yet: make an example or upload a file.")
        return
    chosen = _choice(files)
    st.dataframe(
        pd.DataFrame([_row(file) for file in files]),
        hide_index=True,
        height="content" if len(files) < 8 else 300,
        column_config={"runs": st.column_config.NumberColumn(help="Runs made with the data.")},
    )
    st.caption(stored.room_words())
    if chosen is not None:
        _deletion(chosen)


def _choice(files: list[StoredData]) -> StoredData | None:
    by_name = {file.path.name: file for file in files}
    current = state.get(Param.DATA)
    chosen = st.selectbox(
        "Dataset",
        list(by_name),
        index=list(by_name).index(current) if current in by_name else None,
        key="data.stored",
        placeholder="Choose a dataset",
    )
    if chosen and chosen != current:
        state.put(Param.DATA, chosen)
    return by_name.get(chosen or "")


def _row(file: StoredData) -> dict[str, object]:
    return {
        "size": size_words(file.size),
        "runs": len(file.runs),
        "data": file.path.name,
        "kept since": moment(file.kept),
    }


def _deletion(file: StoredData) -> None:
    with st.popover("Delete …"), sentences():
        if file.needed:
            st.write(f"Not while these train with it or wait to: {_names(file.needed)}.")
        else:
            st.write(f"{plain(file.path.name)} ({size_words(file.size)}) is removed for good.")
        if file.runs and not file.needed:
            st.write(
                "Runs made with it stay, but can no longer show samples nor be resumed: "
                f"{_names(file.runs)}."
            )
        if st.button(
            "Delete for good", type="primary", key="data.delete", disabled=bool(file.needed)
        ):
            stored.delete_data(file.path.name)
            state.put(Param.DATA, None)
            st.rerun()


def _names(runs: tuple[str, ...]) -> str:
    shown = [plain(name) for name in runs[:5]]
    more = [f"{len(runs) - 5} more"] if len(runs) > 5 else []
    return ", ".join([*shown, *more])

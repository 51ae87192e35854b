"""A list whose choice is kept in the URL, so that a link shows the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from app import state
from app.state import Param


def url_choice(
    label: str,
    options: Sequence[str],
    param: Param,
    named: Callable[[str], str] = str,
    *,
    first: str | None = None,
    forget: Param | None = None,
    width: int = 240,
) -> str:
    """The option chosen.

    Args:
        label: above the list.
        options: values as in the URL.
        param: of the URL.
        named: what a person reads for a value.
        first: what is chosen where the URL has none of them; the first by default.
        forget: what another choice makes meaningless.
        width: in pixels.
    """
    key, wanted = f"choice.{param}", state.get(param)
    st.session_state[key] = wanted if wanted in options else first or options[0]

    def keep() -> None:
        state.put(param, st.session_state[key])
        if forget is not None:
            state.put(forget, None)

    return st.selectbox(label, options, key=key, format_func=named, on_change=keep, width=width)

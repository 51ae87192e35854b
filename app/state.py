"""Every key of the session and of the URL, typed: the URL restores page, run and selection."""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Iterable
from enum import StrEnum

import numpy as np
import streamlit as st

LONGEST_SELECTION = 6_000
"""Characters of a selection in the URL; longer ones stay in the session alone."""


class Page(StrEnum):
    """Pages by the file that lays them out, relative to `main.py`."""

    DATA = "views/data.py"
    MODEL = "views/model.py"
    LIVE = "views/live.py"
    RUNS = "views/runs.py"
    COMPARE = "views/compare.py"
    OVERVIEW = "views/overview.py"
    LATENT = "views/latent.py"
    FEATURES = "views/features.py"
    GRAPH = "views/graph.py"
    CROSSMODAL = "views/crossmodal.py"
    PHYSICS = "views/physics.py"
    EXPORT = "views/export.py"
    HELP = "views/help.py"


class Param(StrEnum):
    """Keys of the URL that this module keeps; the session holds the same under the same name."""

    DATA = "data"
    RUN = "run"
    OTHER = "other"
    NODE = "node"
    EDGE = "edge"
    DO = "do"
    SAMPLES = "samples"
    SAMPLE = "sample"
    STATE = "state"
    LAW = "law"
    COMPONENT = "component"
    FILE = "file"


class Bound(StrEnum):
    """Widgets that Streamlit itself keeps in the URL, by key."""

    SPACE = "space"
    COLOUR = "colour"
    DIMENSIONS = "dimensions"
    GIVEN = "given"
    FIND = "find"
    STATUS = "status"
    DATASET = "dataset"


class Key(StrEnum):
    """Keys of the session alone, where more than one place reads or writes them."""

    URL_SEEN = "url.seen"
    UPLOAD_SEEN = "data.upload_seen"
    RUN_ROW_SEEN = "runs.row_seen"
    HOLD = "live.hold"
    REPLAY = "live.replay"
    HELD_EPOCH = "live.held_epoch"
    LATENT_CHART = "latent.chart"
    SELECTION_SEEN = "latent.selection_seen"
    SELECTION_DRAWN = "latent.selection_drawn"
    TWINS = "compare.twins"
    GRAPH_PICKER = "graph.picker"
    SAMPLE_NAME = "cross.sample"
    BUNDLE_SEEN = "import.bundle_seen"


_KEPT = (Param.DATA, Param.RUN, Param.OTHER, Param.FILE)
_PARAMS_OF_ONE_RUN = tuple(p for p in Param if p not in _KEPT)
_OF_ONE_RUN = (
    Key.HELD_EPOCH,
    Key.REPLAY,
    Key.SELECTION_SEEN,
    Key.SELECTION_DRAWN,
    Bound.GIVEN,
)


def follow_browser(page: str) -> None:
    """Take Back and Forward at their word: what the URL no longer has is no longer chosen.

    A link to another page carries nothing, and there the session's choices hold; on the same page
    only the browser itself takes something out of the URL behind our back.
    """
    seen, now = st.session_state.get(Key.URL_SEEN), _in_url()
    if seen is None or seen[0] != page or now == seen[1] or Param.RUN not in now:
        return
    for param in _PARAMS_OF_ONE_RUN:
        if param not in now:
            st.session_state.pop(param, None)
    st.session_state.pop(Key.SELECTION_DRAWN, None)


def remember_url(page: str) -> None:
    """What `follow_browser` compares with, once the page has been made."""
    st.session_state[Key.URL_SEEN] = (page, _in_url())


def _in_url() -> dict[Param, str]:
    return {param: st.query_params[param] for param in Param if param in st.query_params}


def get(param: Param) -> str | None:
    """What the URL says, else what this session last chose, which goes there if it is short."""
    value = st.query_params.get(param) or st.session_state.get(param)
    if value and len(value) <= LONGEST_SELECTION:
        put(param, value)
    return value


def put(param: Param, value: str | None) -> None:
    """Choose a value; None forgets it."""
    if value is None:
        st.session_state.pop(param, None)
        if param in st.query_params:
            del st.query_params[param]
        return
    st.session_state[param] = value
    if st.query_params.get(param) != value:
        st.query_params[param] = value


def choose_run(name: str | None) -> None:
    """Turn to another run; what was selected in the last one has no meaning in it."""
    if name == get(Param.RUN):
        return
    put(Param.RUN, name)
    for param in _PARAMS_OF_ONE_RUN:
        put(param, None)
    for key in _OF_ONE_RUN:
        st.session_state.pop(key, None)


def selected_samples() -> frozenset[int]:
    """Rows selected in the latent space, as URL or session hold them."""
    return decode_rows(get(Param.SAMPLES) or "")


def select_samples(rows: Iterable[int]) -> None:
    """Keep a selection of rows; in the URL as well where it is short enough."""
    text = encode_rows(rows)
    if len(text) <= LONGEST_SELECTION:
        put(Param.SAMPLES, text or None)
        return
    put(Param.SAMPLES, None)
    st.session_state[Param.SAMPLES] = text


def encode_rows(rows: Iterable[int]) -> str:
    """Rows as text that fits into a URL: a bit each, compressed.

    >>> decode_rows(encode_rows([3, 1, 200])) == {1, 3, 200}
    True
    """
    chosen = sorted(set(rows))
    if not chosen:
        return ""
    bits = np.zeros(chosen[-1] + 1, dtype=np.uint8)
    bits[chosen] = 1
    packed = zlib.compress(np.packbits(bits).tobytes(), 9)
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def decode_rows(text: str) -> frozenset[int]:
    """Inverse of `encode_rows`; no rows where the text was cut or typed wrongly."""
    try:
        packed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        raw = zlib.decompressobj().decompress(packed, 1_000_000) if packed else b""
    except (binascii.Error, zlib.error, ValueError):
        return frozenset()
    return frozenset(np.flatnonzero(np.unpackbits(np.frombuffer(raw, np.uint8))).tolist())

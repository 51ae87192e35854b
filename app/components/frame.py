"""What every page has around its content: title, errors as sentences, the run it is about."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import streamlit as st

from app import state
from app.services import first_look, run_control
from app.services.identity import signed_in
from app.services.loaders import workspace
from app.services.words import plain
from app.state import Page, Param
from causalpima_core.errors import CausalPimaError, DamagedError
from causalpima_core.runs.files import refusal
from causalpima_core.runs.records import RunState
from causalpima_core.runs.store import RunFolder

_STYLE = """
<style>
.stMainBlockContainer { padding-top: 4.2rem; padding-bottom: 3rem; max-width: 1720px; }
.stMainBlockContainer h1 { padding: .25rem 0 .1rem; line-height: 1.3; }
.stMainBlockContainer h3 { padding: .3rem 0 .1rem; }
[data-testid="stMetricValue"] { font-size: 1.25rem; font-variant-numeric: tabular-nums; }
[data-testid="stMetric"] { padding: 0; }
[data-testid="stImage"] { gap: 3px; }
/* Its "Stop" would stand beside the one that stops training, and blink with every tick. */
[data-testid="stStatusWidget"] { display: none; }
/* Streamlit's own captions are paler than the contrast of 4.5 that small text needs. */
[data-testid="stCaptionContainer"] { font-variant-numeric: tabular-nums; opacity: .76; }
[data-testid="stCaptionContainer"] * { color: var(--caption-ink); }
@media (max-width: 640px) { .stMainBlockContainer { padding-left: 1rem; padding-right: 1rem; } }
</style>
"""

NEEDS_RESULT = "This page shows what a run has found; it needs one that reached the end."


_DARK = """
<style>
.stMainBlockContainer { --caption-ink: #E3E6E8; }
/* White on the light blue that selected words need is hard to read. */
button[kind^="primary"]:not(:disabled) p { color: #101B22; }
</style>
"""
_LIGHT = "<style>.stMainBlockContainer { --caption-ink: #1D2226; }</style>"


def _dress() -> None:
    """What the theme's settings cannot say."""
    st.html(_STYLE + (_DARK if st.context.theme.type == "dark" else _LIGHT))


def _only_readable() -> None:
    """Said on every page, before someone has set up what cannot be kept."""
    if signed_in() and not workspace().is_writable:
        st.warning(
            f"The workspace '{plain(str(workspace().root))}' can only be read: runs can be looked "
            "at, but nothing can be trained, uploaded, named or deleted."
        )


@contextmanager
def page(title: str) -> Iterator[None]:
    """A page: its title, and any error of ours inside it as one sentence instead of a trace."""
    _dress()
    st.title(title, anchor=False)
    _only_readable()
    with sentences():
        yield


def run_page(
    title: str,
    show: Callable[[RunFolder], None],
    *,
    empty: tuple[str, Page, str],
    with_result: bool = False,
) -> None:
    """A page about one run, with the list of runs beside its title.

    Args:
        title: of the page.
        show: lays out the page for the run that is chosen.
        empty: what to say, where to go and the label of that link when there is no run at all.
        with_result: whether the page is about results only.
    """
    _dress()
    head, picker = st.columns([1, 1.4], vertical_alignment="center")
    head.title(title, anchor=False)
    _only_readable()
    with sentences():
        with picker:
            folder = chosen_run(with_result=with_result)
        if folder is None:
            nothing_yet(*empty)
            _example()
        elif with_result and not folder.has_result:
            unfinished(folder)
        else:
            run_caption(folder)
            _as_far_as_it_goes(folder, show)


def _as_far_as_it_goes(folder: RunFolder, show: Callable[[RunFolder], None]) -> None:
    """The page with what can be read; a file that is damaged is named once."""
    told = folder.problems()
    for problem in told:
        st.warning(plain(problem))
    try:
        show(folder)
    except DamagedError as error:
        if str(error) in told:
            return
        st.error(plain(str(error)))
        finished = run_control.status_of(folder).state is RunState.FINISHED
        if finished and st.button("Write the result again", key="frame.again"):
            run_control.resume_run(folder)
            st.switch_page(Page.LIVE, query_params={Param.RUN: folder.name})


@contextmanager
def run_sentences(folder: RunFolder) -> Iterator[None]:
    """As `sentences`, without those that the page of the run says above all else."""
    with sentences():
        try:
            yield
        except DamagedError as error:
            if str(error) not in folder.problems():
                raise


@contextmanager
def sentences() -> Iterator[None]:
    """Show an error meant for people as its sentence; defects of the program pass through."""
    try:
        yield
    except CausalPimaError as error:
        st.error(plain(str(error)))
    except OSError as error:
        known = refusal(error)
        if known is None:
            raise
        st.error(plain(str(known)))


def nothing_yet(sentence: str, page: Page, label: str) -> None:
    """An empty page: what is missing, and where to get it."""
    st.info(sentence)
    st.page_link(page, label=label, icon=":material/arrow_forward:")


def _example() -> None:
    """Where there is no run at all: the finished one that comes with the program, shown here."""
    if st.button("Look at a finished example", key="frame.example"):
        folder = first_look.finished_example()
        state.put(Param.DATA, folder.config().dataset.name)
        state.choose_run(folder.name)
        st.rerun()


def chosen_run(*, with_result: bool = False) -> RunFolder | None:
    """The run the page is about, with a list to choose another; None where there is none.

    A run named in the URL is kept even where it is unknown, so that its error is seen.
    """
    folders = [f for f in workspace().runs() if f.has_result or not with_result]
    wanted = state.get(Param.RUN)
    if wanted is None and folders:
        wanted = folders[0].name
        state.choose_run(wanted)
    if wanted is None:
        return None
    return run_picker("Run", folders, wanted, state.choose_run, f"run_picker.{with_result}")


def run_picker(
    label: str, folders: list[RunFolder], wanted: str, choose: Callable[[str], None], key: str
) -> RunFolder:
    """A list of runs by their titles, with ``wanted`` chosen; ``choose`` is told of another.

    Raises:
        RunFolderError: there is no run of that name.
    """
    shown = {f.name: run_control.shown_name(f) for f in folders}
    st.session_state[key] = wanted
    st.selectbox(
        label,
        list(dict.fromkeys([*shown, wanted])),
        format_func=lambda name: shown.get(name, name),
        key=key,
        label_visibility="collapsed",
        on_change=lambda: choose(st.session_state[key]),
    )
    return workspace().run(wanted)


def run_caption(folder: RunFolder) -> None:
    """One line on the run: its title, data, nodes, preset; nothing where they are damaged."""
    try:
        config, title = folder.config(), run_control.label_of(folder).title
    except CausalPimaError:
        return
    titled = f"**{plain(title)}** · " if title else ""
    st.caption(
        f"{titled}{plain(config.dataset.name)} · {config.dataset.n_samples:,} samples · "
        f"states {config.model.states_in_words} · "
        f"{config.training.preset.value}, seed {config.training.seed}"
    )


def unfinished(folder: RunFolder) -> None:
    """What to do about a run that has no result to show."""
    status = run_control.status_of(folder)
    if status.state in (RunState.FAILED, RunState.CANCELLED):
        reason = f" {status.reason}" if status.reason else ""
        st.warning(f"Run '{folder.name}' ended before it had a result.{reason}")
        nothing_yet("Resume it on the Live page, or choose another run.", Page.LIVE, "Open Live")
        return
    nothing_yet(
        f"Run '{folder.name}' is still being trained. {NEEDS_RESULT}", Page.LIVE, "Watch it on Live"
    )

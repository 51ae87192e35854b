"""Help: what the method does, what its terms mean, and what may be claimed from a run."""

from __future__ import annotations

from html import escape

import pandas as pd
import streamlit as st

from app.components import help_text as words
from app.components.frame import page
from app.components.method_diagram import method_diagram

STYLE = """
<style>
.terms { display: grid; grid-template-columns: minmax(8rem, 12rem) 1fr; gap: .3rem 1.2rem;
  margin: 0 !important; padding: 0; max-width: 62rem; line-height: 1.5; }
.terms dt { font-weight: 600; }
.terms dd { margin: 0 !important; }
@media (max-width: 640px) { .terms { grid-template-columns: 1fr; gap: 0 }
  .terms dd { margin-bottom: .6rem !important } }
</style>
"""


def show() -> None:
    """The page."""
    with page("What it can claim"), st.container(width=1000):
        st.markdown(
            "[What it does](#method) · [Claims](#claims) · [Checks](#checks) · "
            "[Terms](#terms) · [Without a mouse](#keyboard) · [To cite](#cite)"
        )
        _method()
        _claims()
        _checks()
        _terms()
        _keyboard()
        _cite()


def _method() -> None:
    st.header("What it does", anchor="method")
    st.write(words.METHOD)
    method_diagram(key="help.diagram")


def _claims() -> None:
    st.header("What may be claimed, and what not", anchor="claims")
    st.subheader("What a run can show", anchor="can")
    st.markdown(_list(words.MAY))
    st.subheader("What it cannot show, and what weakens it", anchor="cannot")
    st.markdown(_list(words.MAY_NOT))
    st.subheader("How often it was right", anchor="benchmark")
    st.dataframe(pd.DataFrame(words.BENCHMARK), hide_index=True, width="content")
    st.caption(words.BENCHMARK_WORDS)


def _checks() -> None:
    st.header("How to check a run", anchor="checks")
    st.markdown(_list(words.CHECKS))


def _terms() -> None:
    st.header("Terms", anchor="terms")
    for title, terms in words.TERMS.items():
        st.subheader(title, anchor=title.split(",")[0].lower())
        items = "".join(
            f"<dt>{escape(term)}</dt><dd>{escape(told)}</dd>" for term, told in terms.items()
        )
        st.html(f'{STYLE}<dl class="terms">{items}</dl>')


def _keyboard() -> None:
    st.header("Without a mouse", anchor="keyboard")
    st.write(words.KEYBOARD)


def _cite() -> None:
    st.header("To cite", anchor="cite")
    st.markdown(_list(words.CITE))


def _list(sentences: tuple[str, ...]) -> str:
    return "\n".join(f"- {sentence}" for sentence in sentences)


show()

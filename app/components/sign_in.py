"""What people see before they have logged in, and how they log out; nothing where none is asked."""

from __future__ import annotations

import streamlit as st
from streamlit.errors import StreamlitAuthError

from app.components.frame import page, sentences
from app.services import identity
from app.services.words import plain


def let_in() -> bool:
    """Whether the page may be shown; if not, what to do stands in its place."""
    with sentences():
        if identity.signed_in():
            identity.introduce()
            return True
        with page("causalPIMA"):
            _log_in()
    return False


def who() -> None:
    """In the sidebar: who is logged in, and the way out."""
    if not identity.login_configured():
        return
    st.caption("Logged in")
    st.markdown(plain(identity.shown_name()))
    st.button("Log out", key="sign_in.out", on_click=st.logout)


def _log_in() -> None:
    st.write("Your data and runs on this server are your own: log in to see them.")
    names = identity.providers()
    for name in names or [None]:
        label = f"Log in with {name}" if name else "Log in"
        if st.button(label, type="primary", key=f"sign_in.{name}"):
            try:
                st.login(name) if name else st.login()
            except StreamlitAuthError as error:
                st.error(plain(f"Logging in is not set up rightly on this server: {error}"))

"""Who is looking: the one place that knows whether people log in, and as whom they did.

Without a login everyone shares one workspace. With Streamlit's own (an `[auth]` section in
`secrets.toml`) everyone has a workspace that no one else can name.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from causalpima_core.errors import ConfigError
from causalpima_core.runs.files import replacing
from causalpima_core.runs.workspace import Workspace


def login_configured() -> bool:
    """Whether people have to log in.

    Raises:
        ConfigError: `secrets.toml` is there but cannot be read. To go on without a login would
            show everyone what was meant to be private.
    """
    if st.secrets.load_if_toml_exists():
        return bool(st.secrets.get("auth"))
    found = [path for path in st.get_option("secrets.files") if Path(path).is_file()]
    if found:
        raise ConfigError(
            f"'{found[0]}' cannot be read as TOML: mend it, or delete it to work without login."
        )
    return False


def providers() -> list[str]:
    """Names of the identity providers to choose from; empty where there is a single one."""
    section = st.secrets["auth"]
    return [name for name, value in section.items() if isinstance(value, Mapping)]


def signed_in() -> bool:
    """Whether this session may see anything at all."""
    return not login_configured() or bool(st.user.get("is_logged_in"))


def shown_name() -> str:
    """What to call the person who is logged in."""
    return str(st.user.get("name") or st.user.get("email") or st.user.get("sub"))


def workspace() -> Workspace:
    """The workspace of whoever looks: their own where people log in, else the shared one.

    Raises:
        ConfigError: nobody is logged in although it is needed, or the provider does not say who.
    """
    if not login_configured():
        return Workspace()
    if not st.user.get("is_logged_in"):
        raise ConfigError("You are not logged in: load the page again.")
    return Workspace.private(None, _identity())


def introduce() -> None:
    """Leave a note in a new private workspace whose it is, for whoever looks after the server.

    Raises:
        ConfigError: the workspace cannot be written.
    """
    own = workspace()
    note = own.root / "owner.json"
    if not own.is_private or note.exists():
        return
    told = {claim: st.user.get(claim) for claim in ("iss", "sub", "email", "name")}
    try:
        note.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with replacing(note) as file:
            file.write(json.dumps(told, indent=2).encode())
    except OSError as error:
        raise ConfigError(
            f"Your workspace cannot be made ({error.strerror}): tell whoever runs this server."
        ) from error


def _identity() -> str:
    """Issuer and subject, which together name one person for good; an e-mail may change hands."""
    claims = [st.user.get("iss"), st.user.get("sub")]
    if not all(isinstance(claim, str) and claim for claim in claims):
        raise ConfigError(
            "The identity provider does not say who you are (claims iss and sub): tell whoever "
            "runs this server."
        )
    return json.dumps(claims)

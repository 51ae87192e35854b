"""With a login, no page shows, changes or deletes what is another's, whatever the URL says."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import quote

import pytest
from streamlit.testing.v1 import AppTest

from causalpima_core.config import ModelConfig, TrainingConfig
from causalpima_core.data.readers import load_dataset
from causalpima_core.errors import RunFolderError
from causalpima_core.runs.creation import create_run
from causalpima_core.runs.records import RunState
from causalpima_core.runs.store import RunFolder
from causalpima_core.runs.workspace import Workspace
from tests.app.conftest import MAIN
from tests.app.synthetic import write_dataset, write_model, write_result, write_run
from tests.app.test_pages import ALL_PAGES, said

AUTH = {
    "redirect_uri": "http://127.0.0.1:8501/oauth2callback",
    "cookie_secret": "not-a-secret-not-a-secret",
    "client_id": "causalpima",
    "client_secret": "x",
    "server_metadata_url": "http://127.0.0.1:9/.well-known/openid-configuration",
}
ANNA = {"is_logged_in": True, "iss": "https://id.lab", "sub": "1", "name": "Anna *A*"}
BEN = {"is_logged_in": True, "iss": "https://id.lab", "sub": "2", "email": "ben@lab"}
OF_A_RUN = [page for page in ALL_PAGES if page not in ("data", "model", "help")]


def opened(page: str, user: dict[str, object], auth: dict | None = None, **params: str) -> AppTest:
    """A page as someone sees it who logged in as ``user``."""
    app = AppTest.from_file(MAIN, default_timeout=30)
    app.secrets["auth"] = auth or AUTH
    app.user = user
    for name, value in params.items():
        app.query_params[name] = value
    return app.switch_page(f"views/{page}.py").run()


def home_of(user: dict[str, object]) -> Workspace:
    return Workspace.private(None, json.dumps([user["iss"], user["sub"]]))


@pytest.fixture
def annas(monkeypatch: pytest.MonkeyPatch) -> RunFolder:
    """A finished run of Anna's, with its data."""
    with monkeypatch.context() as patch:
        patch.setenv("CAUSALPIMA_WORKSPACE", str(home_of(ANNA).root))
        return write_run(write_dataset("annas-data", 3), RunState.FINISHED, name="annas-run")


def content(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize("page", ALL_PAGES)
def test_nothing_is_shown_before_one_has_logged_in(page: str, annas: RunFolder):
    app = opened(page, {}, run="annas-run", data="annas-data.npz")
    assert not app.exception
    assert [button.label for button in app.button] == ["Log in"]
    assert "annas" not in said(app)
    assert not app.sidebar.children


def test_every_provider_has_its_button():
    named = {k: AUTH[k] for k in ("redirect_uri", "cookie_secret")}
    app = opened("data", {}, named | {"orcid": {"client_id": "x"}, "institute": {"client_id": "y"}})
    assert [b.label for b in app.button] == ["Log in with orcid", "Log in with institute"]


def test_without_a_login_nothing_is_asked(open_page, annas: RunFolder):
    app = open_page("runs")
    assert not [b for b in app.button if b.label.startswith("Log")]
    assert "No run yet" in app.info[0].value


@pytest.mark.parametrize("page", ALL_PAGES)
def test_one_sees_ones_own(page: str, annas: RunFolder):
    if page == "crossmodal":
        write_model(annas)
    app = opened(page, ANNA, run="annas-run", data="annas-data.npz")
    assert not app.exception
    assert not app.error
    assert "Anna \\*A\\*" in [m.value for m in app.sidebar.markdown]
    assert [b.label for b in app.sidebar.button] == ["Log out"]


def reaching_for(folder: RunFolder) -> list[str]:
    """Ways to name another's run or data from one's own workspace."""
    absolute, place = str(folder.path), home_of(ANNA).root.name
    climbing = f"../../{place}/runs/{folder.name}"
    return [folder.name, climbing, quote(climbing, safe=""), absolute, f"{absolute}\0", "..", "."]


@pytest.mark.parametrize("page", OF_A_RUN)
def test_no_name_in_the_url_leads_to_anothers_run(page: str, annas: RunFolder):
    before = content(annas.path)
    for name in reaching_for(annas):
        app = opened(page, BEN, run=name, other=name)
        assert not app.exception, name
        assert "annas-data" not in said(app), name
        assert not app.dataframe, name
        assert not [button for button in app.main.button if not button.disabled], name
    assert content(annas.path) == before


@pytest.mark.parametrize("page", ["data", "model"])
def test_no_name_in_the_url_leads_to_anothers_data(page: str, annas: RunFolder):
    data = Path(annas.config().dataset.path)
    place = home_of(ANNA).root.name
    for name in (data.name, f"../../{place}/datasets/{data.name}", str(data), "../owner.json"):
        app = opened(page, BEN, data=name)
        assert not app.exception
        assert "There is no dataset" in app.error[0].value
        assert "**curve**" not in said(app)
        assert not {"Start training", "Set up the model"} & {b.label for b in app.button}


def crafted(annas: RunFolder, name: str = "crafted") -> RunFolder:
    """A run of Ben's, as an archive from a stranger may hold one, that names Anna's data."""
    data = Path(annas.config().dataset.path)
    dataset = load_dataset(data)
    model, training = ModelConfig(states=(2, 2)), TrainingConfig.of_preset("quick")
    path = home_of(BEN).runs_folder / name
    folder = create_run(path, data, dataset, model, training)
    shapes = [m.shape for m in dataset.modalities]
    write_result(folder, (2, 2), dataset.names, shapes)
    failed = folder.status().model_copy(update={"state": RunState.FAILED, "ended": 1.0})
    folder.write_status(failed)
    return folder


@pytest.mark.parametrize("page", OF_A_RUN)
def test_a_run_that_names_anothers_data_is_not_opened(page: str, annas: RunFolder):
    folder = crafted(annas)
    crafted(annas, "another")  # there is something to compare it with
    app = opened(page, BEN, run="crafted", other="another", node="node_1")
    assert not app.exception
    assert "not in your workspace" in app.error[0].value
    assert not app.get("imgs")
    assert not app.get("plotly_chart")
    with pytest.raises(RunFolderError, match="not in your workspace"):
        home_of(BEN).data_of(folder)


def test_a_run_that_came_without_data_is_opened(annas: RunFolder):
    folder = crafted(annas)
    config = folder.config()
    nowhere = config.dataset.model_copy(update={"path": ""})
    text = config.model_copy(update={"dataset": nowhere}).model_dump_json()
    (folder.path / "config.json").write_text(text)
    app = opened("features", BEN, run="crafted")
    assert not app.exception
    assert not app.error
    assert app.selectbox(key="run_picker.True").value == "crafted"


def test_links_in_the_file_system_lead_nowhere_else(annas: RunFolder):
    home = home_of(BEN)
    home.runs_folder.mkdir(parents=True)
    home.datasets_folder.mkdir()
    (home.runs_folder / "link").symlink_to(annas.path)
    (home.datasets_folder / "link.npz").symlink_to(annas.config().dataset.path)
    assert "is not the name of a run" in opened("live", BEN, run="link").error[0].value
    assert "There is no dataset" in opened("data", BEN, data="link.npz").error[0].value


def test_who_owns_a_folder_is_written_in_it_for_whoever_looks_after_the_server():
    opened("data", BEN)
    told = json.loads((home_of(BEN).root / "owner.json").read_text())
    assert told == {"iss": "https://id.lab", "sub": "2", "email": "ben@lab", "name": None}


@pytest.mark.parametrize("claims", [{"sub": ""}, {"iss": None}])
def test_one_without_an_identity_sees_nothing(claims: dict, annas: RunFolder):
    app = opened("runs", ANNA | claims)
    assert not app.exception
    assert "does not say who you are" in app.error[0].value


def test_damaged_secrets_close_the_door(tmp_path, annas: RunFolder):
    import streamlit as st

    broken = tmp_path / "secrets.toml"
    broken.write_text("[auth\n")
    before = st.get_option("secrets.files")
    st.secrets._reset()
    st.config.set_option("secrets.files", [str(broken)])
    try:
        app = AppTest.from_file(MAIN, default_timeout=30).switch_page("views/runs.py").run()
        assert not app.exception
        assert "cannot be read as TOML" in app.error[0].value
        assert len(app.button) == 0
    finally:
        st.config.set_option("secrets.files", before)
        st.secrets._reset()

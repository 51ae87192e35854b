"""Two people log in through a real identity provider and see nothing of each other."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.driver import PATIENCE_MS, running_app
from tests.browser.identity_provider import identity_provider

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def log_in(page: Page, who: str) -> None:
    """From the closed door to the Data page."""
    expect(page.get_by_role("button", name="Log in")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_role("link", name="Runs")).to_have_count(0)
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("link", name=who).click(timeout=PATIENCE_MS)
    expect(page.get_by_role("heading", name="Data", level=1)).to_be_visible(timeout=PATIENCE_MS)


def test_each_sees_only_what_is_theirs(
    chromium: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with identity_provider() as told:
        written = tmp_path / "secrets.toml"
        written.write_text(told)
        monkeypatch.setenv("STREAMLIT_SECRETS_FILES", str(written))
        with running_app(tmp_path / "workspace") as address:
            annas = chromium.new_context().new_page()
            annas.goto(address)
            log_in(annas, "Anna")
            annas.get_by_role("button", name="Look at a finished example").click()
            heading = annas.get_by_role("heading", name="Overview", level=1)
            expect(heading).to_be_visible(timeout=PATIENCE_MS)
            path_and_query = annas.url.removeprefix(address)
            assert "run=" in path_and_query

            bens = chromium.new_context().new_page()
            bens.goto(address + path_and_query)
            log_in(bens, "Ben")
            bens.goto(address + path_and_query)
            expect(bens.get_by_text("is not a run folder")).to_be_visible(timeout=PATIENCE_MS)
            bens.get_by_role("button", name="Log out").click()
            expect(bens.get_by_role("button", name="Log in")).to_be_visible(timeout=PATIENCE_MS)

            annas.reload()
            expect(heading).to_be_visible(timeout=PATIENCE_MS)
    assert len(list((tmp_path / "workspace" / "users").iterdir())) == 2
    assert not (tmp_path / "workspace" / "runs").exists()

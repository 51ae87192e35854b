"""What the tests of large data share."""

from __future__ import annotations

from pathlib import Path

import pytest

from causalpima_core.data import stored


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """All arrays count as large, and what is unpacked is kept in a folder of the test."""
    monkeypatch.setattr(stored, "LARGE", 1000)
    monkeypatch.setenv("CAUSALPIMA_WORKSPACE", str(tmp_path / "workspace"))
    return tmp_path / "workspace" / "cache"

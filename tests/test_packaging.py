"""What is pinned, what is declared and what is installed agree, and packages hold their files."""

from __future__ import annotations

import re
import tomllib
from fnmatch import fnmatch
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def pins(name: str) -> dict[str, str]:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    return dict(line.split("==") for line in lines if "==" in line)


def test_every_declared_dependency_is_pinned_and_no_other():
    declared = {re.split(r"[<>=]", d)[0] for d in PROJECT["project"]["dependencies"]}
    assert set(pins("requirements.txt")) == declared


def test_the_pinned_versions_are_those_tested():
    for name, pinned in (pins("requirements.txt") | pins("requirements-dev.txt")).items():
        assert version(name).split("+")[0] == pinned, name


def test_files_that_are_no_modules_are_packaged():
    for package, patterns in PROJECT["tool"]["setuptools"]["package-data"].items():
        for file in (ROOT / package).rglob("*"):
            if file.is_file() and file.suffix != ".pyc":
                place = str(file.relative_to(ROOT / package))
                assert file.suffix == ".py" or any(
                    fnmatch(f"/{place}", pattern.replace("**", "*")) or fnmatch(place, pattern)
                    for pattern in patterns
                ), file

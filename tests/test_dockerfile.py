"""The container's own commands, run here: the app answers the health check as it would there."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from causalpima_core.runs.limits import QUOTA, TRAININGS

ROOT = Path(__file__).parents[1]
SETTING = r'"(CAUSALPIMA_(?!GPUS)[A-Z_]+)"'  # that one is from a training to the next
LINES = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()


def instruction(pattern: str) -> str:
    """The one instruction that matches, without its keyword."""
    (found,) = (match[1] for line in LINES if (match := re.fullmatch(pattern, line)))
    return found


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def test_runs_as_a_person_without_rights():
    users = [line.split()[1] for line in LINES if line.startswith("USER ")]
    assert users
    assert users[-1] not in ("root", "0")


def test_installs_what_a_checkout_installs():
    requirements = instruction(r"RUN pip install .*-r (\S+)")
    assert (ROOT / requirements).read_text(encoding="utf-8").rstrip().endswith("-e .")


def test_the_workspace_is_a_volume_that_its_user_may_write():
    """A new volume takes over the owner of the folder that it covers."""
    place = instruction(r"ENV CAUSALPIMA_WORKSPACE=(\S+)")
    assert json.loads(instruction(r"VOLUME (.+)")) == [place]
    made = LINES.index('RUN mkdir "$CAUSALPIMA_WORKSPACE"')
    assert LINES.index("USER scientist") < made < LINES.index(f'VOLUME ["{place}"]')


def test_secrets_do_not_get_into_the_image():
    assert ".streamlit/secrets.toml" in (ROOT / ".dockerignore").read_text().splitlines()


def test_the_guide_for_servers_knows_the_image_and_every_setting():
    guide = (ROOT / "docs" / "DEPLOY.md").read_text(encoding="utf-8")
    assert f":{instruction(r'ENV CAUSALPIMA_WORKSPACE=(.+)')} " in guide
    assert f"{instruction('WORKDIR (.+)')}/.streamlit/secrets.toml" in guide
    sources = (*(ROOT / "causalpima_core").rglob("*.py"), *(ROOT / "app").rglob("*.py"))
    settings = {name for path in sources for name in re.findall(SETTING, path.read_text())}
    assert {TRAININGS, QUOTA} <= settings
    assert {name for name in settings if f"`{name}`" not in guide} == set()


@pytest.mark.app
@pytest.mark.slow
def test_the_app_starts_and_is_healthy(tmp_path):
    port = str(free_port())
    run = json.loads(instruction(r"CMD (.+)"))
    check = json.loads(instruction(r"HEALTHCHECK .*CMD (.+)"))
    exposed = instruction(r"EXPOSE (\d+)")
    assert f"--server.port={exposed}" in run
    assert run.pop(0) == "streamlit"
    assert check.pop(0) == "python"
    arguments = [part.replace("0.0.0.0", "127.0.0.1").replace(exposed, port) for part in run]  # noqa: S104
    server = subprocess.Popen(
        [sys.executable, "-m", "streamlit", *arguments],
        cwd=ROOT,
        env=os.environ | {"CAUSALPIMA_WORKSPACE": str(tmp_path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        healthy = [sys.executable, *(part.replace(exposed, port) for part in check)]
        deadline = time.monotonic() + 60
        while subprocess.run(healthy, check=False, stderr=subprocess.DEVNULL).returncode:
            assert server.poll() is None, "the server has ended"
            assert time.monotonic() < deadline, "not healthy after a minute"
            time.sleep(0.5)
    finally:
        server.terminate()
        server.wait()

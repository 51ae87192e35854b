"""What the page's own process must not load: it would delay the first paint by seconds."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import app
from causalpima_core.runs.records import RunState
from tests.app.synthetic import write_dataset, write_model, write_run

OPEN_ALL = """
import sys
from streamlit.testing.v1 import AppTest

pages = "data model live runs compare overview latent features graph physics export help"
for page in pages.split():
    at = AppTest.from_file(sys.argv[1], default_timeout=60)
    at.query_params["run"], at.query_params["data"] = "a-run", "some.npz"
    at.switch_page(f"views/{page}.py").run()
    assert not at.exception, page
found = {"torch", "umap", "numba"} & set(sys.modules)
assert not found, found
"""


def test_no_page_loads_what_trains_or_embeds():
    write_run(write_dataset("some", 3), RunState.FINISHED, with_law=True)
    main = Path(app.__file__).parent / "main.py"
    done = subprocess.run(
        [sys.executable, "-c", OPEN_ALL, str(main)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]


OPEN_ONE = """
import sys
from streamlit.testing.v1 import AppTest

at = AppTest.from_file(sys.argv[1], default_timeout=60).switch_page("views/help.py").run()
assert not at.exception
from app.services import warming

warming.begin().join()
assert set(warming.WANTED) <= set(sys.modules)
found = {"torch", "umap", "numba"} & set(sys.modules)
assert not found, found
"""


def test_what_other_pages_want_is_loaded_after_the_first_and_torch_is_not():
    main = Path(app.__file__).parent / "main.py"
    done = subprocess.run(
        [sys.executable, "-c", OPEN_ONE, str(main)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]


ASK_ONE = """
import sys
from streamlit.testing.v1 import AppTest

at = AppTest.from_file(sys.argv[1], default_timeout=60)
at.query_params["run"], at.query_params["data"] = "a-run", "some.npz"
at.switch_page("views/crossmodal.py").run()
assert not at.exception
assert "Loading the model …" in [caption.value for caption in at.caption]
assert not at.subheader
from app.services import warming

while not warming.model_is_loaded():
    pass
at.run()
assert not at.exception
assert "Nodes" in [heading.value for heading in at.subheader]
"""


def test_a_page_that_asks_the_model_does_not_wait_for_its_libraries():
    write_model(write_run(write_dataset("some", 2), RunState.FINISHED))
    main = Path(app.__file__).parent / "main.py"
    done = subprocess.run(
        [sys.executable, "-c", ASK_ONE, str(main)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]


def test_the_drawing_library_is_the_one_pyvis_ships():
    import pyvis

    ours = Path(app.__file__).parent / "static" / "vis-network.min.js"
    theirs = Path(pyvis.__file__).parent / "lib" / "vis-9.1.2" / "vis-network.min.js"
    assert ours.read_bytes() == theirs.read_bytes()

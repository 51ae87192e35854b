"""From a file to a run: what the Data and Model pages accept, refuse and start."""

from __future__ import annotations

import io
import re
import shlex

import numpy as np
import pytest
import typer

from causalpima_core.cli import commands
from causalpima_core.cli.options import model_config
from causalpima_core.config import Knowledge, ModelConfig, TrainingConfig
from causalpima_core.data.examples import EXAMPLES, write_example
from causalpima_core.data.readers import load_dataset
from causalpima_core.errors import DataError
from causalpima_core.report.command import command_line
from causalpima_core.runs import supervisor
from causalpima_core.runs.workspace import Workspace
from tests.app.conftest import Open
from tests.app.synthetic import write_dataset


def npz(**arrays: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def holed(shape: tuple[int, ...]) -> np.ndarray:
    values = np.random.default_rng(0).random(shape)
    values.flat[5] = np.nan
    return values


NOISE = np.random.default_rng(0).random((20, 3))
BAD_FILES = {
    "not an archive": ("x.npz", b"PK nonsense"),
    "pickle": ("x.npz", npz(a=np.array([{}, None] * 9, dtype=object))),
    "different counts": ("x.npz", npz(a=NOISE, b=NOISE[:7])),
    "scattered NaN": ("x.npz", npz(a=holed((20, 3)))),
    "infinite": ("x.npz", npz(a=np.where(NOISE > 0.9, np.inf, NOISE))),
    "empty": ("x.npz", npz(a=np.zeros((0, 3)))),
    "one sample": ("x.npz", npz(a=NOISE[:1])),
    "constant": ("x.npz", npz(a=np.ones((20, 3)))),
    "five channels": ("x.npz", npz(a=np.random.default_rng(0).random((9, 5, 8, 8)))),
    "complex": ("x.npz", npz(a=NOISE + 1j)),
    "strings": ("x.npz", npz(a=NOISE.astype(str))),
    "another format": ("x.txt", b"hello"),
}


def upload(app, name: str, content: bytes):
    return app.file_uploader(key="data.upload").set_value([(name, content, "")]).run()


@pytest.mark.parametrize("file", BAD_FILES.values(), ids=BAD_FILES)
def test_a_bad_file_is_refused_with_the_sentence_of_the_reader(
    open_page: Open, tmp_path, file: tuple[str, bytes]
):
    name, content = file
    app = upload(open_page("data"), name, content)
    assert not app.exception
    kept_elsewhere = Workspace(tmp_path / "elsewhere").keep_upload(name, content)
    with pytest.raises(DataError) as reason:
        load_dataset(kept_elsewhere).check_trainable()
    told = [error.value.replace("\\", "") for error in app.error]  # which keep it from being markup
    assert told == [str(reason.value)]
    assert not any(Workspace().datasets_folder.glob("*"))


def test_a_good_upload_is_shown_and_leads_to_the_model(open_page: Open):
    curves = np.sin(np.arange(20) / 4) * np.linspace(0.5, 2, 30)[:, None]
    app = upload(open_page("data"), "mine.npz", npz(stress=curves, sizes=NOISE.repeat(2, 0)[:30]))
    assert not app.error
    text = "\n".join(m.value for m in app.markdown)
    assert "**stress** &ensp; curve of 20 points" in text
    assert "**sizes** &ensp; table of 3 columns" in text
    app.button(key="data.next").click().run()
    assert app.title[0].value == "Model"


def test_an_example_is_made_on_request_only(open_page: Open):
    app = open_page("data")
    assert not any(Workspace().datasets_folder.glob("*"))
    app.radio(key="data.example").set_value("coloured-digits").run()
    app.number_input(key="data.samples.coloured-digits").set_value(60).run()
    app.button(key="data.make").click().run()
    assert not app.exception
    assert app.query_params["data"] == "coloured-digits-chain-60-seed0.npz"
    assert [m.value for m in app.metric][:2] == ["60", "2"]
    assert not any(Workspace().runs())


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_is_shown_with_all_that_is_measured(open_page: Open, name: str):
    app = open_page("data")
    app.radio(key="data.example").set_value(name).run()
    info = EXAMPLES[name]
    factors = ", ".join(f"{f} ({k})" for f, k in zip(info.factors, info.states, strict=True))
    assert f"Factors: {factors}" in [c.value for c in app.caption]
    app.number_input(key=f"data.samples.{name}").set_value(60).run()
    app.button(key="data.make").click().run()
    assert not app.exception
    text = "\n".join(m.value for m in app.markdown)
    for modality in {m for shown in info.shown_in.values() for m in shown}:
        assert f"**{modality}**" in text
    app.button(key="data.next").click().run()
    suggested = [n.value for n in app.number_input if n.label.startswith("States")]
    assert suggested == list(info.states)


def test_a_missing_dataset_in_the_url_is_one_sentence(open_page: Open):
    for page in ("data", "model"):
        app = open_page(page, data="gone.npz")
        assert not app.exception
        assert "gone.npz" in app.error[0].value


def test_an_examples_nodes_are_suggested(open_page: Open):
    write_dataset("coloured-digits-x", 1)
    app = open_page("model", data="coloured-digits-x.npz")
    assert [n.value for n in app.number_input if n.label.startswith("States")] == [3, 2, 2]


def test_the_command_says_what_was_chosen(open_page: Open):
    write_dataset("some", 1)
    app = open_page("model", data="some.npz")
    app.radio(key="model.preset.some.npz").set_value("quick").run()
    command = app.code[0].value
    assert "--states 2,2,2" in command
    assert "--preset quick" in command


def test_the_command_read_back_is_the_same_run():
    path = Workspace().datasets_folder / "it's a lattice; $HOME.npz"
    model = ModelConfig.parse(
        states=(2, 3, 2),
        latent_dim=9,
        knowledge=Knowledge(
            forbidden=(("node_1", "node_2"), ("node_2", "node_3")),
            required=(("node_1", "node_3"),),
            tiers={"node_1": 1, "node_2": 1, "node_3": 4},
        ),
        experts={"curve": "a*(1 - exp(-k*t)) + c; a>0 [MPa]; k~0.5; t=0:30 [s]; value [MPa]"},
    )
    training = TrainingConfig.of_preset("thorough", seed=7)
    told = command_line(path, model, training, path.parent / "a run")
    python, _, module, command, *arguments = shlex.split(told)
    assert (python, module, command) == ("python", "causalpima_core", "fit")
    options = fit_options(arguments)
    assert options["data"] == path
    assert options["out"] == path.parent / "a run"
    read = model_config(
        options["states"],
        options["latent_dim"],
        options["forbid"],
        options["require"],
        options["tier"],
        options["expert"],
    )
    assert read == model
    assert TrainingConfig.of_preset(options["preset"], seed=options["seed"]) == training


def test_the_command_on_the_page_is_one_that_runs(open_page: Open):
    write_dataset("some", 1)
    app = open_page("model", data="some.npz")
    options = fit_options(shlex.split(app.code[0].value)[4:])
    assert load_dataset(options["data"]).names == ("curve",)
    assert options["out"] == Workspace().runs_folder / "some-2x2x2-standard-s0"
    assert not options["out"].exists()


def fit_options(arguments: list[str]) -> dict:
    """What the command line itself makes of its arguments."""
    fit = typer.main.get_command(commands.app).commands["fit"]
    return fit.make_context("fit", list(arguments)).params


def test_nodes_can_be_left_to_the_data(open_page: Open):
    write_dataset("some", 1)
    app = open_page("model", data="some.npz")
    app.radio(key="model.chosen.some.npz").set_value("Choose them from the data").run()
    assert not app.exception
    assert "--states auto" in app.code[0].value
    assert "not known before the run has chosen them" in "".join(c.value for c in app.caption)
    assert not app.data_editor
    assert app.radio(key="model.preset.some.npz").value == "standard"
    assert not [one for one in app.number_input if one.label.startswith("States of")]


def test_more_components_than_samples_is_told(open_page: Open):
    write_dataset("some", 1)
    app = open_page("model", data="some.npz")
    app.number_input(key="model.count.some.npz").set_value(7).run()
    assert "128 joint outcomes" in app.error[0].value


def test_choices_outlast_a_visit_to_another_page(open_page: Open):
    write_dataset("some", 1)
    app = open_page("model", data="some.npz")
    app.number_input(key="model.states.some.npz.0").set_value(4).run()
    app.switch_page("views/data.py").run()
    app.switch_page("views/model.py").run()
    assert app.number_input(key="model.states.some.npz.0").value == 4


@pytest.mark.slow
def test_start_makes_a_run_and_turns_to_live(open_page: Open):
    write_dataset("some", 1)
    app = open_page("model", data="some.npz")
    app.radio(key="model.preset.some.npz").set_value("quick").run()
    app.button(key="model.start").click().run()
    assert not app.exception
    (folder,) = Workspace().runs()
    try:
        assert app.title[0].value == "Live"
        assert folder.config().model.states == (2, 2, 2)
    finally:
        supervisor.cancel(folder)


def lattice_page(open_page: Open):
    path = Workspace().datasets_folder / "lattice.npz"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_example("lattice", path, samples=40)
    return open_page("model", data="lattice.npz")


def test_a_law_is_tried_on_the_curves_and_goes_into_the_command(open_page: Open):
    app = lattice_page(open_page)
    law = "elastic-plastic; t=0:0.03; value [MPa]"
    app.text_input(key="model.expert.lattice.npz.curve").set_value(law).run()
    assert not app.exception
    assert not app.error
    (told,) = [c.value for c in app.caption if "Median" in c.value]
    assert "modulus" in told
    assert "MPa" in told
    assert float(told.split("Leaves ")[1].split("%")[0]) < 1
    assert f"--expert 'curve={law}'" in app.code[0].value


@pytest.mark.parametrize(
    "law", ["__import__('os')", "a*exp(", "a.b + t", "a*t; b>0", "a*log(t); t=-1:0"]
)
def test_a_law_that_is_none_is_told_and_cannot_be_started(open_page: Open, law: str):
    app = lattice_page(open_page)
    app.text_input(key="model.expert.lattice.npz.curve").set_value(law).run()
    assert not app.exception
    assert app.error
    assert not re.search(r"(?<!\\)[*_$]", app.error[0].value)  # that would be read as markup
    assert not [c for c in app.caption if "Median" in c.value]

"""Files of all formats on the Data page: several at once, what is asked for, names as text."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

from app.services import uploads
from causalpima_core.config import ModelConfig, TrainingConfig
from causalpima_core.data.readers import load_dataset
from causalpima_core.data.scale import Scale
from causalpima_core.errors import DataError
from causalpima_core.runs.creation import create_run
from causalpima_core.runs.workspace import Workspace
from tests.app.conftest import Open

FORMATS = Path(__file__).parents[2] / "assets" / "formats"
SINGLE = sorted(p.name for p in FORMATS.iterdir() if p.is_file() and ".units." not in p.name)
HTML = "<script>alert(1)</script>"


def unwatched(_share: float) -> None:
    """Nobody looks how far it is."""


def npz(**arrays: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def upload(app, *files: tuple[str, bytes]):
    given = [(name, content, "") for name, content in files]
    return app.file_uploader(key="data.upload").set_value(given).run()


@pytest.mark.parametrize("name", [name for name in SINGLE if ".metadata." not in name])
def test_every_format_is_taken_and_shown(open_page: Open, name):
    app = upload(open_page("data"), (name, (FORMATS / name).read_bytes()))
    assert not app.exception
    assert not app.error
    (kept,) = Workspace().datasets()
    for modality in load_dataset(kept).modalities:
        assert any(m.value.startswith(f"**{modality.name}**") for m in app.markdown)


def test_several_files_are_one_dataset_and_what_does_not_match_is_told(open_page: Open):
    photos = npz(photo=np.random.default_rng(0).random((4, 6, 6)), sample_id=np.array(list("abcd")))
    app = upload(
        open_page("data"),
        ("photos.npz", photos),
        ("numbers.csv", b"sample_id,x\nd,1\nc,2\nb,3\n"),
        ("metadata.csv", b"sample_id,hue\na,1\nb,2\nc,3\nd,4\n"),
    )
    assert not app.error
    (kept,) = Workspace().datasets()
    dataset = load_dataset(kept)
    assert set(dataset.names) == {"photo", "table"}
    assert list(dataset.metadata["hue"]) == [
        {"a": 1, "b": 2, "c": 3, "d": 4}[s] for s in dataset.sample_id
    ]
    assert any("has no measurements of 1 sample" in info.value for info in app.info)


def test_the_same_files_are_kept_once_and_bad_ones_not_at_all():
    files = [("a.csv", b"sample_id,x\na,1\nb,2\n"), ("metadata.csv", b"sample_id,y\na,1\nb,2\n")]
    first = uploads.accept_files(files, unwatched)
    assert not first.was_here
    again = uploads.accept_files(files, unwatched)
    assert (again.path, again.was_here) == (first.path, True)
    with pytest.raises(DataError):
        uploads.accept_files([*files, ("b.npy", b"no array")], unwatched)
    assert Workspace().datasets() == [first.path]


def test_progress_is_told_until_all_is_read():
    shares: list[float] = []
    uploads.accept_files([("m.zip", (FORMATS / "manifest.zip").read_bytes())], shares.append)
    assert shares == sorted(shares)
    assert len(shares) > 1
    assert 0 <= shares[0] <= shares[-1] <= 1


def test_names_with_markup_are_shown_as_text(open_page: Open):
    curve = np.sin(np.arange(20) / 4) * np.linspace(0.5, 2, 30)[:, None]
    app = upload(open_page("data"), (f"{HTML}.npz", npz(**{f"**a** {HTML}": curve})))
    assert not app.error
    (kept,) = Workspace().datasets()
    assert "<" not in kept.name
    (card,) = [m.value for m in app.markdown if "alert" in m.value]
    assert card.startswith(r"**\*\*a\*\* \<script\>alert(1)\</script\>**")
    assert not any("alert" in str(html.proto.body) for html in app.get("html"))


def test_a_problem_with_markup_is_shown_as_text(open_page: Open):
    app = upload(open_page("data"), ("a.csv", f"{HTML},y\n1,2\n2,{HTML}\n3,4\n4,5\n".encode()))
    (told,) = [error.value for error in app.error]
    assert r"\<script\>" in told
    assert "<script>" not in told.replace(r"\<", "")


def test_what_is_stated_on_the_page_is_kept_and_shown(open_page: Open):
    curve = np.sin(np.arange(20) / 4) * np.linspace(0.5, 2, 30)[:, None]
    app = upload(open_page("data"), ("mine.npz", npz(stress=curve)))
    (kept,) = Workspace().datasets()
    key = f"data.units.{kept.name}.stress"
    app.text_input(key=f"{key}.unit").set_value("MPa")
    app.text_input(key=f"{key}.start").set_value("0")
    app.text_input(key=f"{key}.stop").set_value("three")
    app.text_input(key=f"{key}.axis_unit").set_value("%")
    app.button(key=f"FormSubmitter:{key}-Keep").click().run()
    assert "expected two numbers" in app.error[0].value
    app.text_input(key=f"{key}.stop").set_value("3")
    app.button(key=f"FormSubmitter:{key}-Keep").click().run()
    assert not app.error
    stress = load_dataset(kept)["stress"]
    assert (stress.unit, stress.axis[0], stress.axis[-1], stress.axis_unit) == ("MPa", 0, 3, "%")
    assert any("Along t from 0 to 3 %" in caption.value for caption in app.caption)
    assert Workspace().datasets() == [kept]


def test_a_scale_is_stated_beside_the_data_and_counts_for_runs_to_come(open_page: Open):
    rng = np.random.default_rng(0)
    content = npz(photo=rng.random((30, 6, 6)), sizes=rng.random((30, 3)))
    app = upload(open_page("data"), ("mine.npz", content))
    (kept,) = Workspace().datasets()
    assert any("For training: standard. Each column by" in c.value for c in app.caption)
    before = load_dataset(kept)
    key = f"data.scale.{kept.name}.sizes"
    app.radio(key=f"{key}.choice").set_value("min-max")
    app.button(key=f"FormSubmitter:{key}-Keep").click().run()
    assert not app.error
    assert any("For training: min-max. Each value from 0 to 1" in c.value for c in app.caption)
    dataset = load_dataset(kept)
    assert dataset.fingerprint() == before.fingerprint()
    model, training = ModelConfig(states=(2,)), TrainingConfig()
    path = Workspace().new_run_path("run")
    assert create_run(path, kept, dataset, model, training).config().model.scales == {
        "sizes": Scale.MIN_MAX
    }
    page = open_page("model", data=kept.name)
    assert any("--scale sizes=min-max" in code.value for code in page.code)


def test_a_change_makes_another_dataset_and_leaves_this_one(open_page: Open):
    rng = np.random.default_rng(0)
    content = npz(photo=rng.random((6, 40, 40)), sizes=rng.random((6, 3)) + 1)
    app = upload(open_page("data"), ("mine.npz", content))
    (first,) = Workspace().datasets()
    app.selectbox(key=f"data.change.{first.name}.photo.side").set_value(16)
    app.button(key=f"data.change.{first.name}.photo.make").click().run()
    assert not app.error
    second = next(p for p in Workspace().datasets() if p != first)
    assert load_dataset(second)["photo"].shape == (1, 13, 13)
    assert app.query_params["data"] == second.name
    app.button(key=f"data.change.{second.name}.sizes.make").click().run()
    third = next(p for p in Workspace().datasets() if p not in (first, second))
    np.testing.assert_allclose(
        10 ** load_dataset(third)["sizes"].values, load_dataset(first)["sizes"].values, rtol=1e-5
    )
    assert load_dataset(first)["photo"].shape == (1, 40, 40)


@pytest.mark.parametrize(
    "name",
    [
        "../secret.npz",
        "/etc/passwd",
        "..%2Fsecret.npz",
        "a\x00b.npz",
        "datasets/../../x",
        HTML,
        ".",
    ],
)
@pytest.mark.parametrize("page", ["data", "model"])
def test_a_dataset_named_in_the_url_cannot_leave_the_workspace(open_page: Open, page, name):
    secret = Workspace().root / "secret.npz"
    secret.parent.mkdir(parents=True, exist_ok=True)
    secret.write_bytes(npz(table=np.random.default_rng(0).random((9, 3))))
    app = open_page(page, data=name)
    assert not app.exception
    assert any("There is no dataset" in error.value for error in app.error)
    assert not any("table of" in m.value for m in app.markdown)


@pytest.mark.parametrize("page", ["live", "latent", "features", "graph", "crossmodal", "physics"])
@pytest.mark.parametrize("name", ["../runs", "/etc", "a\x00b", HTML, "..", "x" * 300])
def test_a_run_named_in_the_url_cannot_leave_the_workspace(open_page: Open, page, name):
    app = open_page(page, run=name)
    assert not app.exception
    assert app.error or app.info

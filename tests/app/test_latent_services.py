"""Neighbours of a sample, and the pictures shown beside the pointer."""

from __future__ import annotations

import base64
import io

import numpy as np
from PIL import Image

from app.services.projections import nearest
from app.services.thumbnails import thumbnails_of
from tests.app.conftest import Open
from tests.app.synthetic import RunState, write_dataset, write_run
from tests.app.test_pages import said


def test_the_nearest_come_in_order_after_the_sample_itself():
    latent = np.array([[0.0, 0.0], [3.0, 0.0], [1.0, 0.0], [0.0, 0.0], [0.0, 9.0]])
    assert nearest(latent, 3, 3).tolist() == [3, 0, 2, 1]


def test_a_sheet_holds_each_sample_where_its_row_says():
    path = write_dataset("some", 3)
    found = thumbnails_of(path)
    assert found is not None
    picture = Image.open(io.BytesIO(base64.b64decode(found.sheet.split(",")[1])))
    assert found.rows == list(range(96))
    assert picture.size == (found.columns * 8, -(-96 // found.columns) * 8)
    assert found.curves == []


def test_without_images_it_is_curves_scaled_to_their_range():
    found = thumbnails_of(write_dataset("some", 1))
    assert found is not None
    heights = np.array(found.curves)
    assert heights.shape == (96, 20)
    assert heights.min() == 0
    assert heights.max() == 100


def test_neighbours_become_the_selection(open_page: Open):
    folder = write_run(write_dataset("some", 1), RunState.FINISHED)
    app = open_page("latent", run="a-run")
    app.number_input(key="latent.near").set_value(7)
    next(b for b in app.button if b.label == "Select nearest").click().run()
    assert not app.exception
    assert "12 samples selected" in said(app)
    latent = folder.arrays()["latent_mean"]
    distance = np.linalg.norm(latent - latent[7], axis=1)
    assert set(nearest(latent, 7, 11)) == set(np.argsort(distance)[:12])

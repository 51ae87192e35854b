import numpy as np
import pytest

from causalpima_core.training.moments import moments


def spot(row, column, half, colour, ground=(0.4, 0.4, 0.4)):
    image = np.tile(np.array(ground)[:, None, None], (1, 32, 32))
    where = np.s_[:, row - half : row + half + 1, column - half : column + half + 1]
    image[where] = np.array(colour)[:, None, None]
    return image


def test_each_change_of_a_spot_shows_in_its_own_moments_whatever_the_others_are():
    places, halves = (8, 22), (2, 4)
    colours = ((0.2, 0.7, 0.35), (0.55, 0.25, 0.8))
    code = np.array(np.meshgrid(*[[0, 1]] * 4, indexing="ij")).reshape(4, -1).T
    images = [spot(places[r], places[c], halves[h], colours[k]) for r, c, h, k in code]
    found = moments([np.stack(images)])
    sides = np.where(code == 1, 1.0, -1.0)
    np.testing.assert_allclose(found[:, 1], sides[:, 0], atol=1e-6)
    np.testing.assert_allclose(found[:, 2], sides[:, 1], atol=1e-6)
    np.testing.assert_allclose(found[:, 3], sides[:, 2], atol=1e-6)
    np.testing.assert_allclose(found[:, 5], -sides[:, 3], atol=1e-6)


def test_images_of_one_colour_have_moments_too(rng):
    assert moments([rng.normal(size=(5, 1, 9, 7))]).shape == (5, 5)
    flat = moments([np.ones((3, 3, 4, 4))])
    assert flat == pytest.approx(0.0)

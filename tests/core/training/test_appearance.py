import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist

from causalpima_core.config import ModelConfig
from causalpima_core.data.multimodal import of_arrays
from causalpima_core.model import CausalPima
from causalpima_core.scaling import ModalitySpec
from causalpima_core.training.appearance import (
    Appearance,
    Prototypes,
    prototype_distances,
    prototype_squares,
)
from causalpima_core.training.encoding import encode


def appearance_of(arrays):
    dataset = of_arrays(arrays)
    specs = tuple(ModalitySpec.of(m) for m in dataset.modalities)
    model = CausalPima(
        ModelConfig.parse(states=(2,), latent_dim=2), specs, 1, torch.Generator().manual_seed(0)
    )
    model.fit_scalings(dataset)
    batch = model.prepare(dataset)
    return Appearance(model, batch, encode(model, batch).joint), model


def test_prototypes_of_a_table_are_the_cells_means_in_standard_deviations(rng):
    table, cell = rng.normal(size=(60, 3)), np.arange(60) % 2
    appearance, _ = appearance_of({"table": table})
    (prototypes,) = appearance.prototypes(cell)
    standard = (table - table.mean(0)) / table.std(0)
    expected = np.stack([standard[cell == c].mean(0) for c in (0, 1)]) / np.sqrt(3)
    np.testing.assert_allclose(prototypes.mean, expected, atol=1e-5)


def test_blurred_pictures_tell_how_far_a_spot_has_moved(rng):
    images = rng.normal(0, 1e-3, size=(90, 32, 32))
    cell = np.arange(90) % 3
    for row, c in enumerate(cell):
        images[row, 14:18, 2 + 6 * c : 6 + 6 * c] += 1
    appearance, _ = appearance_of({"image": images})
    sharp, blurred, moments = (kind.mean for kind in appearance.prototypes(cell))
    near, far = cdist(sharp, sharp)[0, 1:]
    assert far / near == pytest.approx(1.0, abs=0.01)  # both have left their place altogether
    near, far = cdist(blurred, blurred)[0, 1:]
    assert far / near > 1.2
    near, far = cdist(moments, moments)[0, 1:]
    assert far / near > 1.5


def some_without_curves(rng):
    """A table of forty samples, and curves of all but the first five."""
    curve = np.cumsum(rng.normal(size=(40, 12)), axis=1)
    curve[:5] = np.nan
    return {"table": rng.normal(size=(40, 4)), "curve": curve}


def test_a_missing_measurement_is_what_the_others_let_expect(rng):
    arrays = some_without_curves(rng)
    appearance, model = appearance_of(arrays)
    _, curve_means, _ = appearance.prototypes(np.arange(40) // 5)
    batch = model.prepare(of_arrays(arrays))[:]
    with torch.no_grad():
        expected = model.decoders["curve"](model.infer(batch).joint.mean[:5]).mean(0).numpy()
    np.testing.assert_allclose(curve_means.mean[0], expected / np.sqrt(12), atol=1e-5)


def test_where_some_were_measured_what_is_expected_of_the_others_hardly_counts(rng):
    arrays = some_without_curves(rng)
    appearance, model = appearance_of(arrays)
    _, curve_means, _ = appearance.prototypes(np.arange(40) // 20)
    batch = model.prepare(of_arrays(arrays))
    measured = batch.column("curve", slice(5, 20)).mean(0).numpy()
    np.testing.assert_allclose(curve_means.mean[0] * np.sqrt(12), measured, atol=0.02)


def test_distances_are_weighted_and_summed():
    one, two = np.array([[0.0], [3.0]]), np.array([[0.0, 0.0], [0.0, 4.0]])
    both = [Prototypes(one, 1.0), Prototypes(two, 0.5)]
    assert prototype_distances(both)[0, 1] == pytest.approx(5.0)


def test_squares_are_weighted_shares_of_the_spread():
    one, two = np.array([[0.0], [3.0]]), np.array([[0.0, 0.0], [0.0, 4.0]])
    both = [Prototypes(one, 1.0), Prototypes(two, 0.5)]
    np.testing.assert_allclose(prototype_squares(both), [[0, 2], [2, 0]])
    three = [Prototypes(np.array([[0.0], [1.0], [5.0]]), 1.0), Prototypes(np.zeros((3, 2)), 1.0)]
    np.testing.assert_allclose(prototype_squares(three)[0] * 14 / 3, [0, 1 / 6, 25 / 6])

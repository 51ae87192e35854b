import numpy as np
import pytest
import torch

from causalpima_core.data.multimodal import Kind, of_arrays
from causalpima_core.data.scale import Scale
from causalpima_core.scaling import ModalitySpec, Scaling


@pytest.mark.parametrize(("shape", "centred_over"), [((3, 6, 5), (0, 2, 3)), ((40,), 0), ((4,), 0)])
def test_scaling_standardises_what_is_observed_and_gives_units_back(rng, shape, centred_over):
    name = {3: "image", 1: "curve" if shape == (40,) else "table"}[len(shape)]
    values = (7 + 3 * rng.normal(size=(2500, *shape))).astype(np.float32)
    values *= np.arange(1, shape[0] + 1).reshape(-1, *[1] * (len(shape) - 1))
    values[::7] = np.nan
    beside = rng.normal(size=(2500, 2)).astype(np.float32)
    modality = of_arrays({name: values, "beside": beside})[name]
    scaling = Scaling(ModalitySpec.of(modality))
    scaling.fit(modality)
    seen = torch.from_numpy(values[modality.observed])
    standard = scaling(seen)
    np.testing.assert_allclose(standard.mean(centred_over), 0, atol=1e-4)
    spread = standard.square().mean(0) if modality.kind is Kind.TABLE else standard.square().mean()
    np.testing.assert_allclose(spread, 1, rtol=1e-4)
    torch.testing.assert_close(scaling.undo(standard), seen, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("shape", [(3, 6, 5), (40,), (4,)])
def test_min_max_reaches_from_0_to_1_and_gives_units_back(rng, shape):
    name = {3: "image", 1: "curve" if shape == (40,) else "table"}[len(shape)]
    values = rng.gamma(2, 30, size=(2500, *shape)).astype(np.float32)
    values *= np.arange(1, shape[0] + 1).reshape(-1, *[1] * (len(shape) - 1))
    values[::7] = np.nan
    modality = of_arrays({name: values, "beside": rng.normal(size=(2500, 2))})[name]
    scaling = Scaling(ModalitySpec.of(modality))
    scaling.fit(modality, Scale.MIN_MAX)
    seen = torch.from_numpy(values[modality.observed])
    scaled = scaling(seen)
    axes = 0 if modality.kind is Kind.TABLE else tuple(range(scaled.ndim))
    np.testing.assert_allclose(scaled.amin(axes), 0, atol=1e-6)
    np.testing.assert_allclose(scaled.amax(axes), 1, rtol=1e-6)
    shares = {"table": 0, "curve": 0, "image": (0, 2, 3)}[modality.kind]
    np.testing.assert_allclose(scaling.middle.squeeze(), scaled.mean(shares), rtol=1e-3)
    torch.testing.assert_close(scaling.undo(scaled), seen, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("by", Scale)
def test_a_constant_column_says_nothing_and_comes_back_as_it_was(rng, by):
    table = np.column_stack([rng.normal(size=50), np.full(50, 3.0)]).astype(np.float32)
    (modality,) = of_arrays({"table": table}).modalities
    scaling = Scaling(ModalitySpec.of(modality))
    scaling.fit(modality, by)
    other = torch.from_numpy(table + np.array([0.0, 50.0], dtype=np.float32))
    np.testing.assert_array_equal(scaling(other)[:, 1], 0.0)
    np.testing.assert_array_equal(scaling.undo(torch.ones(2, 2))[:, 1], 3.0)
    assert scaling.no_longer_constant(modality) == []
    (changed,) = of_arrays({"table": other.numpy()}).modalities
    assert scaling.no_longer_constant(changed) == [1]


@pytest.mark.parametrize("kind", ["curve", "table"])
@pytest.mark.parametrize("unit", [1e-19, 1e12])
def test_small_units_hide_nothing_and_constant_columns_stay(rng, kind, unit):
    values = rng.normal(size=(300, 1)) + rng.normal(0, 0.02, (300, 40)).cumsum(1)
    if kind == "table":
        values = rng.normal(size=(300, 4))
        values[:, 2] = 5.1
    modality = of_arrays({kind: values * unit})[kind]
    assert modality.kind == kind
    scaling = Scaling(ModalitySpec.of(modality))
    scaling.fit(modality)
    scaled = scaling(torch.from_numpy(modality.values)).numpy()
    if kind == "table":
        assert np.abs(scaled[:, 2]).max() < 1e-6 * max(1, unit)
        scaled = np.delete(scaled, 2, axis=1)
    assert np.sqrt(np.square(scaled).mean()) == pytest.approx(1, rel=1e-3)

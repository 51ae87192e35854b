"""Whether parameters of components differ: a test that errs as often as it says."""

from __future__ import annotations

import numpy as np

from causalpima_core.runs.parameters import differs


def test_values_that_do_not_differ_are_called_different_once_in_a_hundred_times():
    rng = np.random.default_rng(0)
    for n in (2, 8, 64):
        errors = rng.uniform(0.5, 2, n)
        wrong = [differs(rng.normal(0, errors), errors) for _ in range(2000)]
        assert 0.003 < np.mean(wrong) < 0.02


def test_a_small_difference_shows_in_many_components():
    rng = np.random.default_rng(0)
    values = np.repeat([0.0, 2.5], 32) + rng.normal(size=64)
    assert differs(values, np.ones(64))
    assert not differs(np.array([1.0]), np.ones(1))

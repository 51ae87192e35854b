from __future__ import annotations

from causalpima_core.training.fit import Fit


def test_clear_groups_are_not_given_up_for_blurred_ones_that_add_up_better():
    clear, blurred = Fit(entropy=0.001, nonadditive=0.1), Fit(entropy=0.021, nonadditive=0.06)
    assert blurred.cost < clear.cost
    assert clear.is_better(blurred)
    assert not blurred.is_better(clear)


def test_clear_groups_that_look_like_no_combinations_have_no_privilege():
    misshapen, blurred = Fit(entropy=0.0, nonadditive=0.19), Fit(entropy=0.021, nonadditive=0.06)
    assert blurred.is_better(misshapen)


def test_groups_of_a_factor_that_overlaps_are_kept_where_others_overlap_less_and_add_up_worse():
    """As seen on `weak`, chain, seed 2: the other one lost a factor that every sample shows."""
    true, other = Fit(entropy=0.0321, nonadditive=0.0128), Fit(entropy=0.0135, nonadditive=0.0736)
    assert true.is_better(other)
    assert not other.is_better(true)


def test_what_must_help_must_help_by_more_than_that():
    one, other = Fit(entropy=0.01, nonadditive=0.01), Fit(entropy=0.012, nonadditive=0.01)
    assert one.is_better(other, by=0.001)
    assert not one.is_better(other, by=0.003)

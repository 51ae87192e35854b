import pytest

from causalpima_core.inference import full_from


def observed(n, shares, rng):
    """Each of several modalities in a share of the samples, and no sample without any."""
    there = rng.random((n, len(shares))) < shares
    there[~there.any(1), 0] = True
    return there


@pytest.mark.parametrize(
    ("n", "shares", "expected"),
    [
        (400, (1, 1), 2),
        (400, (1, 0.5), 2),
        (400, (1, 0.1), 1),  # forty are too few
        (4000, (1, 0.1, 1), 3),
        (150, (0.5, 0.5), 1),
        (20, (1, 1, 1), 3),  # all of them, however few
        (1000, (0.7,) * 5, 5),
        (1000, (0.4,) * 5, 3),
    ],
)
def test_full_is_what_enough_samples_have(n, shares, expected, rng):
    assert full_from(observed(n, shares, rng), 4) == expected


def test_many_outcomes_want_more_full_samples(rng):
    there = observed(400, (1, 0.5), rng)
    assert full_from(there, 16) == 2
    assert full_from(there, 24) == 1

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import normalized_mutual_info_score

from causalpima_core.training.ranking import first_distinct, mutual_information

divisions = st.integers(1, 60).flatmap(
    lambda n: st.tuples(*[st.lists(st.integers(0, 5), min_size=n, max_size=n)] * 2)
)


@given(divisions)
def test_the_mutual_information_is_that_of_scikit_learn(two):
    one, other = (np.array(division) for division in two)
    theirs = normalized_mutual_info_score(one, other)
    assert mutual_information(one, other) == pytest.approx(theirs, abs=1e-9)


def test_the_first_of_those_that_are_alike_is_kept():
    kept = first_distinct([9, 8, 5, 4, 1], lambda a, b: abs(a - b) < 2, most=2)
    assert kept == [9, 5]

"""Agreement of a node with columns: known information, and nothing in noise."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import mutual_info_score

from causalpima_core.agreement import agreements

RNG = np.random.default_rng(3)
STATES = RNG.integers(0, 2, 600)


def found(column, states=STATES, seed=0):
    (one,) = agreements(states, pd.DataFrame({"column": column}), np.random.default_rng(seed))
    return one


def test_the_node_itself_explains_all_of_it():
    one = found(np.array(["thin", "thick"])[STATES])
    share = STATES.mean()
    entropy = -(share * np.log(share) + (1 - share) * np.log(1 - share))
    assert one.information == pytest.approx(entropy)
    assert one.explained == pytest.approx(1)
    assert one.p_value == pytest.approx(1 / 201)
    assert one.beyond_chance


def test_numbers_count_by_their_quantiles():
    one = found(STATES * 5.0 + RNG.normal(0, 0.1, 600))
    assert one.explained == pytest.approx(1, abs=0.05)


def test_a_number_that_most_samples_share_is_a_group():
    states = (RNG.random(600) < 0.05).astype(np.int64)
    dose = np.where(states == 1, RNG.uniform(1, 5, 600), 0.0)
    assert found(dose, states).explained == pytest.approx(1)


def test_what_agrees_beyond_chance_comes_before_many_groups_that_do_not():
    treatment = np.where(RNG.random(600) < 0.75, STATES, 1 - STATES)
    table = pd.DataFrame({"batch": RNG.integers(0, 100, 600), "treatment": treatment})
    table["batch"] = "plate " + table["batch"].astype(str)
    first, second = agreements(STATES, table, np.random.default_rng(0))
    assert (first.column, second.column) == ("treatment", "batch")
    assert first.beyond_chance


def test_noise_is_beyond_chance_about_as_often_as_it_should_be():
    noise = pd.DataFrame(RNG.integers(0, 3, (600, 200)))
    rate = np.mean([a.beyond_chance for a in agreements(STATES, noise, np.random.default_rng(0))])
    assert 0.01 < rate < 0.11


def test_chance_is_what_permuting_the_states_gives():
    states, column = RNG.choice(3, 600, p=[0.1, 0.3, 0.6]), RNG.integers(0, 4, 600)
    permuted = [mutual_info_score(RNG.permutation(states), column) for _ in range(2000)]
    quantiles = [found(column, states, seed).by_chance for seed in range(20)]
    assert np.mean(quantiles) == pytest.approx(np.quantile(permuted, 0.95), rel=0.08)


def test_a_node_of_one_state_has_nothing_to_explain():
    assert found(STATES, np.zeros(600, dtype=np.int64)).explained == 0


def test_columns_that_name_samples_or_never_change_are_left_out():
    table = pd.DataFrame({"name": [f"sample {i}" for i in range(600)], "constant": 1})
    assert agreements(STATES, table, np.random.default_rng(0)) == []


def test_missing_values_are_a_group():
    column = pd.Series(np.where(STATES == 0, None, "seen"), dtype=object)
    assert found(column).explained == pytest.approx(1)


def test_infinite_numbers_are_a_group_of_their_own_and_names_of_samples_none():
    numbers = RNG.normal(size=600) + 3 * STATES
    numbers[5] = np.inf
    assert found(numbers).beyond_chance
    names = pd.DataFrame({"name": [f"plate {i}" for i in range(40)]})
    assert agreements(STATES[:40], names, np.random.default_rng(0)) == []

import numpy as np
import pytest

from benchmarks.tasks import Task, default_graphs, spared_modality
from causalpima_core.data.catalogue import EXAMPLES
from causalpima_core.data.examples import make_example
from causalpima_core.errors import ConfigError


def test_what_may_be_missing_shows_no_factor_alone():
    spared = {}
    for name, info in EXAMPLES.items():
        if any(len(shown) > 1 for shown in info.shown_in.values()):
            spared[name] = spared_modality(info)
    assert spared == {
        "coloured-digits": "curve",
        "lattice": "image",  # only the curve shows heat treatment
        "spectra": "table",
        "weak": "table",
    }
    with pytest.raises(ConfigError, match="'circles' has no modality that can be missing"):
        spared_modality(EXAMPLES["circles"])


def test_a_share_of_one_modality_is_missing_and_all_else_is_as_ever():
    whole, truth = make_example("spectra", 200, 3, "fork")
    task = Task(suite="spectra", graph="fork", seed=3, samples=200, missing=0.3)
    holed, same = task.make()
    np.testing.assert_array_equal(same.outcomes, truth.outcomes)
    assert (~holed["table"].observed).sum() == 60
    seen = holed["table"].observed
    np.testing.assert_array_equal(holed["table"].values[seen], whole["table"].values[seen])
    np.testing.assert_array_equal(holed["raman"].values, whole["raman"].values)
    assert task.make()[0].fingerprint() == holed.fingerprint()


def test_any_modality_can_be_missing():
    task = Task(
        suite="lattice", graph="chain", seed=0, samples=60, missing=0.3, missing_from="curve"
    )
    dataset, _ = task.make()
    assert (~dataset["curve"].observed).sum() == 18
    assert dataset["image"].observed.all()
    assert task.variant == "causalpima, 60 samples, 30% missing from curve"
    with pytest.raises(ConfigError, match="Unknown modality 'sound': expected one of"):
        task.model_copy(update={"missing_from": "sound"}).make()


def test_the_rarest_outcomes_have_no_samples():
    whole, truth = make_example("spectra", 300, 1, "fork")
    task = Task(suite="spectra", graph="fork", seed=1, samples=300, vacant=2)
    dataset, left = task.make()

    def counts(one):
        outcome = np.ravel_multi_index(tuple(one.outcomes.T), one.states)
        return np.bincount(outcome, minlength=12)

    before, after = counts(truth), counts(left)
    gone = np.flatnonzero(before != after)
    assert sorted(before[gone]) == sorted(before)[:2]
    assert (after[gone] == 0).all()
    assert len(dataset) == len(left.outcomes) == after.sum()
    np.testing.assert_array_equal(dataset.metadata[list(left.factors)], left.outcomes)
    there = np.isin(whole.sample_id, dataset.sample_id)
    np.testing.assert_array_equal(dataset["raman"].values, whole["raman"].values[there])
    assert task.variant == "causalpima, 300 samples, 2 vacant"


def test_all_modalities_but_one_can_be_hidden():
    task = Task(suite="spectra", graph="chain", seed=0, samples=60, only_modality="raman")
    dataset, _ = task.make()
    assert dataset.names == ("raman",)
    with pytest.raises(ConfigError, match="Unknown modality 'sound': expected one of diffraction"):
        task.model_copy(update={"only_modality": "sound"}).make()


def test_a_variant_says_what_is_not_ordinary():
    task = Task(suite="lattice", graph="chain", seed=0)
    assert task.variant == "causalpima"
    assert (
        Task(
            suite="lattice",
            graph="chain",
            seed=0,
            method="pca",
            samples=100,
            missing=0.3,
            only_modality="curve",
        ).variant
        == "pca, 100 samples, 30% missing, only curve"
    )


def test_new_suites_run_on_two_graphs_unless_told():
    assert len(default_graphs("circles")) == 5
    assert default_graphs("shapes") == ("chain", "collider")

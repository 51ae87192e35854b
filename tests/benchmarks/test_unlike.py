import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier

from benchmarks.tasks import Task, default_graphs, spared_modality
from benchmarks.unlike import UNLIKE
from causalpima_core.data.catalogue import EXAMPLES


@pytest.mark.parametrize("name", UNLIKE)
def test_each_factor_shows_in_the_modalities_that_are_said_to_show_it(name):
    dataset, truth = Task(suite=name, graph=default_graphs(name)[0], seed=0, samples=600).make()
    assert set(dataset.names) == {m for shown in UNLIKE[name].shown_in.values() for m in shown}
    for j, shown in enumerate(UNLIKE[name].shown_in.values()):
        told = []
        for modality in shown:
            values = dataset[modality].values.reshape(600, -1)
            values = (values - values.mean(0)) / values.std(0)
            known = KNeighborsClassifier(5).fit(values[:400], truth.outcomes[:400, j])
            told.append(known.score(values[400:], truth.outcomes[400:, j]))
        assert max(told) > 0.8


@pytest.mark.parametrize("name", UNLIKE)
def test_a_seed_gives_the_same_data_again_and_another_gives_others(name):
    first, again, other = (
        Task(suite=name, graph="chain", seed=seed, samples=30).make()[0] for seed in (0, 0, 1)
    )
    assert first.fingerprint() == again.fingerprint() != other.fingerprint()
    assert all(np.isfinite(modality.values).all() for modality in first.modalities)


def test_no_example_is_among_them():
    assert not set(UNLIKE) & set(EXAMPLES)
    assert spared_modality(UNLIKE["stars"]) == "fading"

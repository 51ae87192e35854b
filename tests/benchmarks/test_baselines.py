import numpy as np
import pytest
from scipy.spatial.distance import cdist

from benchmarks.attempts import of_mixture
from benchmarks.baselines import multivae, pca, pima
from benchmarks.measure import best_of
from benchmarks.tasks import Task
from causalpima_core.data.examples import make_example, make_truth
from causalpima_core.errors import TrainingError
from causalpima_core.outcomes import outcome_table

TASK = Task(suite="circles", graph="chain", seed=0, preset="quick")


def test_a_perfect_mixture_in_another_order_is_recovered_by_labelling():
    truth, rng = make_truth("circles", 2000, 0, "collider")
    table = outcome_table(truth.states)
    order = rng.permutation(len(table))
    component = np.argsort(order)[np.ravel_multi_index(tuple(truth.outcomes.T), truth.states)]
    centres = (table * [1.0, 1.3, 1.7])[order]
    gamma = np.eye(len(table))[component]
    attempts = of_mixture(gamma, cdist(centres, centres), truth.states, rng)
    best, recovery = best_of(attempts, truth)
    assert best.how == "labelled"
    assert recovery.recovered
    assert best.separation == pytest.approx((1.0, 1.0, 1.0))


def test_principal_components_see_all_modalities_alike():
    dataset, _ = make_example("spectra", 300)
    values = pca.side_by_side(dataset)
    assert values.shape == (300, 128 + 128 + 5)
    shares = [values[:, :128], values[:, 128:256], values[:, 256:]]
    assert [np.square(v).mean(0).sum() for v in shares] == pytest.approx([1, 1, 1], rel=1e-3)


def test_principal_components_find_what_is_plain():
    dataset, truth = make_example("circles", 600, 0, "chain")
    _, recovery = best_of(pca.attempt(dataset, truth.states, TASK), truth)
    assert recovery.nmi["hue"] > 0.9


@pytest.mark.slow
def test_pima_divides_into_as_many_components_as_outcomes():
    task = TASK.model_copy(update={"suite": "weak", "samples": 200, "only_modality": "table"})
    dataset, truth = task.make()
    attempts = pima.attempt(dataset, truth.states, task)
    _, recovery = best_of(attempts, truth)
    assert recovery.accuracy > 0.4  # of eight outcomes
    assert {a.how for a in attempts} == {"labelled", "as they come"}


def test_multivae_says_what_it_needs(monkeypatch):
    monkeypatch.delenv(multivae.PYTHON, raising=False)
    dataset, truth = make_example("weak", 60)
    with pytest.raises(TrainingError, match="Expected in BENCHMARK_PYTHON"):
        multivae.attempt(dataset, truth.states, TASK)

from time import process_time
from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks.joint import KnownStart, Spent, outcomes_of, train_jointly
from benchmarks.overhead import OF_GRAPH, OF_NETWORKS, beyond, shares_of_time
from benchmarks.scaling import enlarged, repeated
from benchmarks.stopwatch import REST, Stopwatch
from benchmarks.throughput import OURS, THEIRS, compare
from causalpima_core.data.examples import make_example
from causalpima_core.training import loop


def busy(seconds):
    end = process_time() + seconds
    while process_time() < end:
        pass


def test_time_inside_a_watched_function_counts_to_the_outer_one_alone():
    owner = SimpleNamespace(inner=lambda: busy(0.02))
    owner.outer = lambda: (busy(0.02), owner.inner())
    original, watch = owner.inner, Stopwatch()
    with watch.watching([("outer", owner, "outer"), ("inner", owner, "inner")]):
        owner.outer()
        owner.inner()
    assert watch.seconds == {
        "outer": pytest.approx(0.04, abs=0.01),
        "inner": pytest.approx(0.02, abs=0.01),
    }
    assert owner.inner is original


def test_shares_are_of_the_whole_and_add_up():
    shares = Stopwatch({"small": 1.0, "large": 2.0}).shares(4.0)
    assert shares == {"large": 0.5, "small": 0.25, REST: 0.25}
    assert list(shares) == ["large", "small", REST]


def test_whether_the_graph_is_part_of_the_rest_is_said():
    shares = dict.fromkeys(OF_NETWORKS, 0.25) | {OF_GRAPH: 0.125, REST: 0.125}
    assert beyond(shares, graph=True) == pytest.approx(0.25)
    assert beyond(shares, graph=False) == pytest.approx(0.125)


def test_a_method_that_takes_twice_as_long_is_passed_twice_as_fast():
    spent = {
        OURS: [Spent(1.0, 2.0), Spent(2.0, 2.0), Spent(1.0, 3.0)],
        THEIRS: [Spent(2.0, 3.0), Spent(4.0, 3.0), Spent(2.0, 3.0)],
    }
    found = compare(spent, work=100)
    assert found[THEIRS]["ours_faster_by_cpu"] == 2.0
    assert found[THEIRS]["ours_faster_by_clock"] == 1.5
    assert found[THEIRS]["samples_per_cpu_second"] == 50
    assert found[OURS]["samples_per_clock_second"] == 50
    assert found[OURS]["ours_faster_by_cpu"] == 1.0


def test_enlarged_images_keep_every_pixel_and_shrunken_ones_every_other():
    image = np.arange(4, dtype=np.float32).reshape(1, 1, 2, 2)
    assert enlarged(image, 4)[0, 0].tolist() == np.kron([[0, 1], [2, 3]], np.ones((2, 2))).tolist()
    assert enlarged(enlarged(image, 4), 2).tolist() == image.tolist()


def test_repeated_samples_are_the_same_ones_again():
    made, _ = make_example("circles", 20)
    more = repeated(made, 50, side=16)
    values = more["image"].values
    assert values.shape == (50, 3, 16, 16)
    np.testing.assert_array_equal(values[20:40], values[:20])


def test_joint_training_begins_from_the_known_groups_and_all_its_time_is_accounted_for():
    dataset, truth = make_example("weak", 120)
    trainer = KnownStart(dataset, outcomes_of(truth), truth.states, epochs=2)
    shares = shares_of_time(trainer)
    assert trainer.position.epoch == 2
    assert trainer.position.step == trainer.steps
    assert len(trainer.model.components.mean) == 8
    assert sum(shares.values()) == pytest.approx(1)
    assert min(shares.values()) > 0
    assert 0 < beyond(shares, graph=False) < beyond(shares, graph=True) < 1


def test_no_time_is_spent_on_groups_that_are_known(monkeypatch):
    searched = []
    for search in ("best_division", "with_common_nodes", "with_vacant_outcomes"):
        monkeypatch.setattr(loop, search, lambda *_: searched.append(_))
    dataset, truth = make_example("weak", 120)
    train_jointly(KnownStart(dataset, outcomes_of(truth), truth.states, epochs=1))
    assert searched == []


def test_the_same_training_is_the_same_whether_watched_or_not():
    dataset, truth = make_example("weak", 120)
    one, other = (KnownStart(dataset, outcomes_of(truth), truth.states, 1) for _ in range(2))
    train_jointly(one)
    shares_of_time(other)
    np.testing.assert_array_equal(one.model.component_mean, other.model.component_mean)

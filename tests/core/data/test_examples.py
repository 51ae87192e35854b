import json

import numpy as np
import pandas as pd
import pytest

from causalpima_core.data.examples import EXAMPLES, GRAPHS, make_example, make_truth, write_example
from causalpima_core.data.readers import load_dataset
from causalpima_core.equivalence import equivalence_class, structural_hamming_distance
from causalpima_core.errors import ConfigError
from causalpima_core.graph_scores import bic_scores
from causalpima_core.graph_search import best_graph


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.parametrize("graph", GRAPHS)
def test_true_counts_identify_the_true_equivalence_class(name, graph):
    """Else no method could recover it, and a benchmark on it would say nothing."""
    for seed in range(5):
        truth, _ = make_truth(name, 2000, seed, graph)
        counts = np.zeros(truth.states)
        np.add.at(counts, tuple(truth.outcomes.T), 1)
        found, _ = best_graph(bic_scores(counts))
        difference = structural_hamming_distance(
            equivalence_class(found), equivalence_class(truth.adjacency)
        )
        assert difference == 0, (seed, found)
        assert (counts > 0).all()


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_seed_decides_everything(name):
    first, _ = make_example(name, 30, seed=3)
    again, _ = make_example(name, 30, seed=3)
    other, _ = make_example(name, 30, seed=4)
    assert first.fingerprint() == again.fingerprint() != other.fingerprint()


def test_a_lattice_shows_its_density_in_image_and_stiffness():
    dataset, truth = make_example("lattice", 400, seed=0)
    topology, density, heat = truth.outcomes.T
    solid = dataset["image"].values.mean((1, 2, 3))
    assert solid[density == 1].min() > solid[density == 0].max()
    stress = dataset["curve"].values
    for kind in (0, 1):
        same = (topology == kind) & (density == 1)
        treated, untreated = stress[same & (heat == 1)], stress[same & (heat == 0)]
        assert treated[:, 40].mean() < untreated[:, 40].mean()


def test_circles_are_what_they_say():
    dataset, truth = make_example("circles", 300, seed=0)
    hue, radius, position = truth.outcomes.T
    image = dataset["image"].values
    red, blue = image[:, 0].sum((1, 2)), image[:, 2].sum((1, 2))
    assert ((blue > red) == (hue == 1)).all()
    left, right = image[..., :16].sum((1, 2, 3)), image[..., 16:].sum((1, 2, 3))
    assert ((right > left) == (position == 1)).all()
    area = (image.max(1) > 0.4).sum((1, 2))
    assert area[radius == 1].min() > area[radius == 0].max()


def test_written_files_say_what_was_made(tmp_path):
    write_example("coloured-digits", tmp_path / "d.npz", samples=60, seed=1, graph="fork")
    dataset, truth = make_example("coloured-digits", 60, 1, "fork")
    assert load_dataset(tmp_path / "d.npz").fingerprint() == dataset.fingerprint()
    told = json.loads((tmp_path / "d.truth.json").read_text())
    assert told["edges"] == [
        {"source": "colour", "target": "class"},
        {"source": "colour", "target": "brightness"},
    ]
    table = pd.read_csv(tmp_path / "d.truth.csv")
    assert list(table.columns) == ["sample", "class", "colour", "brightness"]
    np.testing.assert_array_equal(table[list(truth.factors)], truth.outcomes)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["d.npz", "d.truth.csv", "d.truth.json"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "squares"}, "Unknown example 'squares'"),
        ({"name": "circles", "graph": "ring"}, "Unknown graph 'ring'"),
        ({"name": "circles", "samples": 1}, "samples, got 1"),
        ({"name": "circles", "seed": -1}, "seed of 0 or more"),
    ],
)
def test_impossible_requests_are_refused(arguments, message):
    with pytest.raises(ConfigError, match=message):
        make_example(**arguments)

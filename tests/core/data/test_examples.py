import json

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import cdist
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from causalpima_core.data.examples import EXAMPLES, GRAPHS, make_example, make_truth, write_example
from causalpima_core.data.multimodal import Kind
from causalpima_core.data.readers import load_dataset
from causalpima_core.equivalence import equivalence_class, structural_hamming_distance
from causalpima_core.errors import ConfigError
from causalpima_core.graph_scores import bic_scores
from causalpima_core.graph_search import best_graph


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.parametrize("graph", GRAPHS)
def test_true_counts_identify_the_true_equivalence_class(name, graph):
    """Else no method could recover it, and a benchmark on it would say nothing.

    Chance alone makes one of the six pairs of four independent factors look dependent now and then.
    """
    right = 0
    for seed in range(20):
        truth, _ = make_truth(name, None, seed, graph)
        counts = np.zeros(truth.states)
        np.add.at(counts, tuple(truth.outcomes.T), 1)
        found, _ = best_graph(bic_scores(counts))
        true = equivalence_class(truth.adjacency)
        right += structural_hamming_distance(equivalence_class(found), true) == 0
        assert (counts > 0).all()
    assert right >= 18


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


def supervised_accuracy(modality, factor):
    """How well a linear classifier that is told the truth tells it on other samples."""
    # products of float32 now and then raise the processor's flag for invalid numbers without any
    values = modality.values.reshape(len(modality.values), -1).astype(np.float64)
    reduce = [PCA(40, random_state=0)] if modality.kind is Kind.IMAGE else []
    classifier = make_pipeline(StandardScaler(), *reduce, LinearDiscriminantAnalysis())
    return cross_val_score(classifier, values, factor, cv=4).mean()


@pytest.mark.parametrize("name", ["shapes", "spectra", "weak"])
def test_factors_show_where_it_is_said_and_nowhere_else(name):
    info = EXAMPLES[name]
    dataset, truth = make_example(name, 1200, 0, "independent")
    for j, factor in enumerate(info.factors):
        states = truth.outcomes[:, j]
        guessed = np.bincount(states).max() / len(states)
        for modality in dataset.modalities:
            told = supervised_accuracy(modality, states)
            if modality.name not in info.shown_in[factor]:
                assert told < guessed + 0.05, (factor, modality.name)
            elif factor in info.weak:
                assert 0.75 < told < 0.86, (factor, modality.name)
            else:
                assert told > 0.94, (factor, modality.name)


KINDS = {
    "shapes": {"image": Kind.IMAGE},
    "spectra": {"diffraction": Kind.CURVE, "raman": Kind.CURVE, "table": Kind.TABLE},
    "weak": {"curve": Kind.CURVE, "table": Kind.TABLE},
}


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("samples", [50, None])
def test_measurements_are_recognised_for_what_they_are(name, samples):
    dataset, _ = make_example(name, samples)
    assert {m.name: m.kind for m in dataset.modalities} == KINDS[name]


def test_pixels_cannot_tell_a_move_along_one_axis_from_a_move_along_both():
    dataset, truth = make_example("shapes", 3000, 0, "independent")
    cell = np.ravel_multi_index(tuple(truth.outcomes.T), truth.states)
    images = dataset["image"].values.reshape(len(dataset), -1)
    means = np.stack([images[cell == c].mean(0) for c in range(16)])
    distance = cdist(means, means).reshape(2, 2, 2, 2, 2, 2, 2, 2)
    for colour, size in np.ndindex(2, 2):
        from_corner = distance[colour, size, 0, 0, colour, size]
        assert from_corner[1, 1] / from_corner[1, 0] < 1.05
        assert from_corner[1, 1] / from_corner[0, 1] < 1.05


@pytest.mark.parametrize("graph", GRAPHS)
def test_spectra_have_a_rare_joint_outcome_in_every_graph(graph):
    shares = []
    for seed in range(20):
        truth, _ = make_truth("spectra", 2500, seed, graph)
        counts = np.zeros(truth.states)
        np.add.at(counts, tuple(truth.outcomes.T), 1)
        shares.append(counts / len(truth.outcomes))
    assert np.mean(shares, axis=0).min() == pytest.approx(0.01, abs=0.0015)


def test_no_node_should_explain_the_nuisance_of_spectra():
    dataset, truth = make_example("spectra", 2500, 0, "independent")
    cell = np.ravel_multi_index(tuple(truth.outcomes.T), truth.states)
    background = dataset["raman"].values[:, :3].mean(1)
    intensity = dataset["diffraction"].values.max(1)
    for nuisance in (background, intensity):
        within = np.mean([nuisance[cell == c].std() for c in np.unique(cell)])
        assert within / nuisance.mean() > 0.1


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

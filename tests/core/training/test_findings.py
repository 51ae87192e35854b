"""What is said of samples that lack a modality, where the truth is known."""

import numpy as np
import pytest

from causalpima_core.config import ModelConfig, TrainingConfig
from causalpima_core.data.multimodal import of_arrays
from causalpima_core.runs.records import NoteRecord
from causalpima_core.training.findings import conclude
from tests.core.training.conftest import trained_whole

N = 400
TRAINING = TrainingConfig.of_preset(
    "quick", seed=0, warm_up_steps=300, joint_steps=150, distil_steps=200
)


def curve_and_table(rng, alike):
    """A curve of one binary factor, a table of another that is the same in a share of samples."""
    cause = rng.integers(0, 2, N)
    effect = np.where(rng.random(N) < alike, cause, 1 - cause)
    t = np.linspace(0, 1, 24)
    curve = np.where(cause[:, None], np.sin(6 * t), t) + 0.05 * rng.normal(size=(N, 24))
    table = np.stack([2.0 * effect, 1.0 - effect, 1.5 * effect], 1)
    return curve, table + 0.1 * rng.normal(size=table.shape), cause, effect


def agreement(one, other):
    """Share of samples in which two binary nodes are the same, whatever their states are called."""
    same = (one == other).mean()
    return max(same, 1 - same)


class Lacking:
    """A finished training on data of which the table is missing in four of ten samples."""

    def __init__(self):
        rng = np.random.default_rng(3)
        curve, table, cause, effect = curve_and_table(rng, alike=0.65)
        self.lacks = rng.random(N) < 0.4
        table[self.lacks] = np.nan
        self.alike = (cause == effect)[~self.lacks].mean()
        dataset = of_arrays({"curve": curve, "table": table})
        self.whole = trained_whole(dataset, ModelConfig.parse(states=(2, 2)), TRAINING)
        self.found = conclude(self.whole.trainer, dataset)
        states = self.found.assignments[["node_1", "node_2"]].to_numpy().T
        seen = ~self.lacks
        by_effect = [agreement(state[seen], effect[seen]) for state in states]
        self.of_table = int(np.argmax(by_effect))
        self.effect_found = max(by_effect)
        self.cause_found = agreement(states[1 - self.of_table], cause)


@pytest.fixture(scope="module")
def lacking():
    return Lacking()


def test_factors_are_found_in_the_samples_that_show_them(lacking):
    assert lacking.effect_found > 0.99
    assert lacking.cause_found > 0.99
    assert [node.separation > 0.97 for node in lacking.found.graph.nodes] == [True, True]


def test_groups_are_looked_for_where_nothing_lacks(lacking):
    train = len(lacking.whole.trainer.train_rows)
    full = int((~lacking.lacks)[lacking.whole.trainer.train_rows].sum())
    said = [record.text for record in lacking.whole.of(NoteRecord)]
    assert any(f"{full} of the {train} training samples, which lack the fewest" in t for t in said)


def test_a_state_that_nothing_shows_is_as_sure_as_its_cause_lets_expect(lacking):
    confidence = lacking.found.assignments["confidence"].to_numpy()
    assert confidence[~lacking.lacks].mean() > 0.98
    assert confidence[lacking.lacks].mean() == pytest.approx(lacking.alike, abs=0.08)


def test_tables_are_those_of_the_samples_that_have_everything(lacking):
    graph = lacking.found.graph
    assert len(graph.edges) == 1
    (edge,) = graph.edges
    rows = np.array(graph.tables[edge.target].probabilities)
    assert rows.max(1) == pytest.approx([lacking.alike] * 2, abs=0.1)


def test_what_stays_open_is_told_of_the_node_it_is_about(lacking):
    summary = lacking.found.summary
    shares = [node.open_share for node in summary.nodes]
    assert shares[lacking.of_table] == pytest.approx(lacking.lacks.mean(), abs=0.03)
    assert shares[1 - lacking.of_table] < 0.02
    name = f"node_{lacking.of_table + 1}"
    assert [w for w in summary.warnings if "stays open" in w and w.startswith(name)]
    assert (summary.guessed, summary.apart) == (0, False)


def test_modalities_that_no_sample_has_together_are_told(rng):
    curve, table, *_ = curve_and_table(rng, alike=0.5)
    half = rng.random(N) < 0.5
    curve[half], table[~half] = np.nan, np.nan
    dataset = of_arrays({"curve": curve, "table": table})
    whole = trained_whole(dataset, ModelConfig.parse(states=(2,)), TRAINING)
    summary = conclude(whole.trainer, dataset).summary
    assert (summary.guessed, summary.apart) == (N, True)
    assert any("nothing relates them" in warning for warning in summary.warnings)

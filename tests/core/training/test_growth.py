import numpy as np

from causalpima_core.scores import component_accuracy
from causalpima_core.training.growth import Growth, begin, combine, first_nodes, grow, grow_again
from causalpima_core.training.pursuit import View


def view(latents, name="joint", observed=None):
    observed = np.ones(len(latents), dtype=bool) if observed is None else observed
    return View(name, latents, np.zeros_like(latents), observed)


def caused(n=1200, seed=0):
    """A cause with three states, an effect that mostly follows it, and what both look like."""
    rng = np.random.default_rng(seed)
    cause = rng.integers(0, 3, n)
    effect = (rng.random(n) < np.array([0.06, 0.5, 0.94])[cause]).astype(int)
    places = np.array([[0, 0], [5.0, 0], [0, 5.0]])[cause]
    noise = rng.normal(size=(n, 4))
    image = np.column_stack([places, 4.0 * effect, np.zeros(n)]) + noise
    return image @ rng.normal(size=(4, 4)), cause, effect


def grown(views, latents, states, rng):
    first = first_nodes(views, states, latents, rng)
    return grow(begin(first, len(latents), states), views, latents, rng)


def test_cause_and_effect_are_found_in_one_view_whatever_their_numbers_of_states():
    latents, cause, effect = caused()
    best = grown([view(latents)], latents, (2, 3), np.random.default_rng(0))[0]
    assert best.n_cells == 6
    assert best.missing == ()
    assert len(best.nodes) == 2
    assert component_accuracy(2 * cause + effect, best.cell) > 0.97


def test_nodes_of_different_views_are_put_together():
    rng = np.random.default_rng(1)
    latents, cause, effect = caused()
    other = rng.integers(0, 2, 1200)
    curve = other[:, None] * [2.0, 1.0] + 0.3 * rng.normal(size=(1200, 2))
    seen = rng.random(1200) < 0.7
    everywhere = np.hstack([latents, curve])
    views = [view(latents, "image"), view(curve, "curve", seen)]
    best = grown(views, everywhere, (2, 2, 3), rng)[0]
    truth = 4 * cause + 2 * effect + other
    assert component_accuracy(truth, best.cell) > 0.9
    assert component_accuracy(truth[seen], best.cell[seen]) > 0.95


def test_nothing_grows_where_cells_would_stay_empty(rng):
    same = rng.integers(0, 2, 300)
    latents = same[:, None] * [9.0, 0.0] + 0.1 * np.linspace(-1, 1, 300)[:, None] ** [1, 1]
    assert grown([view(latents)], latents, (2,) * 8, rng) == []
    assert grow([], [view(latents)], latents, rng) == []


def test_nodes_that_each_show_by_themselves_are_combined(rng):
    states = rng.integers(0, 2, (2, 800))
    latents = 6.0 * states.T + rng.normal(size=(800, 2))
    first = first_nodes([view(latents)], (2, 2), latents, rng)
    truth = 2 * states[0] + states[1]
    products = [component_accuracy(truth, one.cell) for one in combine(first, 800, (2, 2))]
    assert max(products) > 0.99


def test_a_wrong_node_is_found_again_given_the_right_ones(rng):
    latents, cause, effect = caused()
    truth = 2 * cause + effect
    wrong = np.column_stack([cause, rng.integers(0, 2, len(cause))])

    def best(nodes, taken_off):
        cells = grow_again(nodes, (3, 2), taken_off, [view(latents)], latents, rng)
        return max(component_accuracy(truth, cell) for cell in cells)

    assert best(wrong, 1) > 0.97
    assert best(np.column_stack([cause, effect]), 1) > 0.97


def test_two_wrong_nodes_are_found_again_at_once(rng):
    states = rng.integers(0, 2, (3, 1500))
    latents = 5.0 * states.T + rng.normal(size=(1500, 3))
    nodes = np.column_stack([states[0], rng.integers(0, 2, (1500, 2))])
    cells = grow_again(nodes, (2, 2, 2), 2, [view(latents)], latents, rng)
    truth = np.ravel_multi_index(states, (2, 2, 2))
    assert max(component_accuracy(truth, cell) for cell in cells) > 0.98


def test_cells_that_may_be_vacant_give_their_few_samples_to_the_nearest(rng):
    cell = np.repeat([0, 1, 2, 3], [40, 2, 40, 40])
    latents = np.array([[0.0, 0], [8, 1], [9, 0], [0, 9]])[cell] + 0.1 * rng.normal(size=(122, 2))
    whole = Growth(cell, 4, 0.0, (), vacant=1)
    assert whole.gathered(latents).tolist() == [0] * 40 + [1] * 42 + [2] * 40
    assert Growth(cell, 4, 0.0, ()).gathered(latents) is cell


def test_a_node_grows_where_one_cell_stays_empty(rng):
    nodes = rng.integers(0, 2, (900, 3))
    nodes = nodes[nodes.sum(1) < 3]
    latents = 6.0 * nodes + rng.normal(size=nodes.shape)
    first = first_nodes([view(latents)], (2, 2, 2), latents, rng)
    whole = grow(begin(first, len(nodes), (2, 2, 2)), [view(latents)], latents, rng)
    assert all(component_accuracy(nodes @ [4, 2, 1], one.cell) < 0.95 for one in whole)
    best = grow(begin(first, len(nodes), (2, 2, 2), 1), [view(latents)], latents, rng)[0]
    cell = best.gathered(latents)
    assert cell.max() == 6
    assert component_accuracy(nodes @ [4, 2, 1], cell) > 0.98

from causalpima_core.runs.results import (
    ComponentResult,
    EdgeResult,
    GraphResult,
    NodeEvidence,
    NodeResult,
    Summary,
)
from causalpima_core.training.doubts import doubts


def case(
    entropy=0.0,
    rival=0.1,
    separation=1.0,
    share=0.4,
    probability=1.0,
    gap=0.0,
    other=0.0,
    misfit=0.05,
    arrangement=0.1,
    shown=0.5,
    weights=(0.4, 0.2, 0.3, 0.1),
    still_open=0.0,
    goes_with=None,
    guessed=0,
    apart=False,
):
    graph = GraphResult(
        nodes=[NodeResult(name=n, states=2, separation=separation) for n in ("node_1", "node_2")],
        edges=[
            EdgeResult(
                source="node_1",
                target="node_2",
                weight=1.0,
                direction="reversible",
                probability=probability,
                probability_of_direction=probability / 2,
            )
        ],
        tables={},
        components=[
            ComponentResult(outcome=[c // 2, c % 2], weight=w) for c, w in enumerate(weights)
        ],
    )
    summary = Summary(
        held_out_elbo={},
        modality_error={},
        assignment_entropy=entropy,
        start={
            "source": "splits",
            "entropy": entropy,
            "next_source": "k-means",
            "next_entropy": rival,
            "nonadditive": misfit,
            "cost": entropy + 0.5 * misfit,
            "next_cost": rival + 0.5 * misfit,
            "labelling_gap": arrangement,
        },
        nodes=[
            NodeEvidence(
                name="node_1",
                separation=separation,
                least_state_share=share,
                gain=shown,
                views=[],
                open_share=still_open,
                goes_with=goes_with,
            )
        ],
        score_gap=gap,
        edges_not_drawn=[{"source": "node_1", "target": "node_3", "probability": other}],
        warnings=[],
        seconds={},
        guessed=guessed,
        apart=apart,
    )
    return summary, graph


def told(*, finished=True, **changes):
    return " ".join(doubts(*case(**changes), finished=finished))


def test_doubts_name_what_is_wrong():
    assert "overlap" in told(entropy=0.2, rival=0.5)
    assert "k-means" in told(entropy=0.0, rival=0.001)
    assert "24% of their differences" in told(misfit=0.24)
    assert "another arrangement fits within 0.1%" in told(arrangement=0.001)
    assert "node_1 is weakly separated (0.40 of 1)" in told(separation=0.4)
    assert "only 1.0% of the samples" in told(share=0.01)
    assert "node_1 shows in no modality by itself" in told(shown=None)
    assert "node_1 and node_2 is uncertain (probability 0.60)" in told(probability=0.6)
    assert "not drawn but possible (probability 0.30)" in told(other=0.3)
    assert "3.0 nats worse" in told(gap=3.0)
    assert "stopped early" in told(finished=False)
    assert "cannot be predicted from others" in " ".join(
        doubts(*case(), finished=True, untaught=True)
    )
    empty = "1 joint outcome holds next to no samples, less than 0.1% (0-1)"
    assert empty in told(weights=(0.5, 0, 0.3, 0.2))


def test_a_node_that_the_others_fix_is_doubted():
    both = told(weights=(0.5, 0.0, 0.0, 0.5))
    assert "node_1 varies by itself in only 0%" in both
    assert "node_2 varies by itself" in both
    once = told(weights=(0.5, 0.0, 0.2, 0.3))  # node_1 varies where node_2 is 0: in 70%
    assert "node_2 varies by itself in only 50% of the samples" in once
    assert "node_1" not in once


def test_a_clear_result_raises_no_doubt():
    assert doubts(*case(), finished=True) == []


def test_the_nodes_that_groups_overlap_in_are_named():
    summary, graph = case(entropy=0.2, rival=0.5)
    (one,) = summary.nodes
    nodes = [
        one.model_copy(update={"name": name, "overlap": overlap})
        for name, overlap in (("node_1", 0.001), ("node_2", 0.12), ("node_3", 0.05))
    ]
    named = doubts(summary.model_copy(update={"nodes": nodes}), graph, finished=True)
    assert named[0].startswith("The groups of samples overlap in node_2 and node_3 (")


def test_a_close_choice_of_states_is_told_with_what_was_refused():
    summary, graph = case()
    start = summary.start | {"narrow_states": True, "refused_states": "2 × 2 × 2 (groups overlap)"}
    (only,) = doubts(summary.model_copy(update={"start": start}), graph, finished=True)
    assert "a close thing; refused: 2 × 2 × 2 (groups overlap): compare" in only


def test_what_lacking_modalities_leave_open_is_told():
    assert told(still_open=0.01) == told()
    assert "node_1 stays open in 30% of the samples" in told(still_open=0.3)
    assert "node_1 goes with whether curve was measured" in told(goes_with="curve")
    assert "States of 12 samples that lack a modality are guesses" in told(guessed=12)
    both = told(guessed=12, apart=True)
    assert "No sample has two modalities" in both
    assert "are guesses" not in both

import numpy as np
import pytest

from causalpima_core.config import ModelConfig, TrainingConfig
from causalpima_core.data.readers import load_dataset
from causalpima_core.runs.creation import create_run
from causalpima_core.runs.records import RunState
from causalpima_core.runs.worker import train
from causalpima_core.training import search, start
from tests.core.training.conftest import two_cause_data


@pytest.mark.slow
@pytest.mark.parametrize("states", [(2, 2), "auto"])
def test_a_run_stopped_between_cycles_of_the_warm_up_is_cancelled_and_can_go_on(
    tmp_path, monkeypatch, states
):
    monkeypatch.setattr(start, "CLEAR_ENTROPY", -1.0)  # nothing is ever clear
    monkeypatch.setattr(search, "OVERLAP", -1.0)  # nor passable
    dataset, _ = two_cause_data(n=120)
    data = tmp_path / "data.npz"
    np.savez(data, **{name: dataset[name].values for name in dataset.names})
    training = TrainingConfig.of_preset(
        "quick", warm_up_cycles=2, warm_up_steps=40, joint_steps=10, distil_steps=10
    )
    folder = create_run(
        tmp_path / "run", data, load_dataset(data), ModelConfig.parse(states=states), training
    )

    def stop_after_first_search(status):
        if status.notes:
            folder.request_cancel()

    assert train(folder, stop_after_first_search) is RunState.CANCELLED
    assert folder.status().notes == (folder.status().notes[0],)
    assert folder.status().notes[0].startswith("No clear groups yet")
    assert not folder.has_result
    assert train(folder) is RunState.FINISHED
    chosen = folder.config().model.states
    assert [node.states for node in folder.graph().nodes] == list(chosen)
    assert chosen == states or states == "auto"

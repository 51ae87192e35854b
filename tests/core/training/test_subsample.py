import numpy as np

from causalpima_core.data.multimodal import of_arrays
from causalpima_core.runs.records import EpochRecord, Stage
from causalpima_core.training.loop import Trainer
from causalpima_core.training.subsample import warm_up_rows
from tests.core.training.conftest import CPU, two_cause_data


def test_the_warm_up_makes_do_with_the_samples_that_lack_little():
    observed = np.array([[True, True], [True, False], [True, True], [False, True]])
    assert warm_up_rows(observed, observed.all(1)).tolist() == [0, 2]


def test_a_modality_that_those_lack_is_warmed_up_with_all_samples():
    observed = np.array([[True, True, False], [True, True, False], [False, False, True]])
    assert warm_up_rows(observed, observed.sum(1) >= 2).tolist() == [0, 1, 2]


def test_samples_that_lack_a_modality_say_nothing_in_the_warm_up(model_config, training_config):
    dataset, _ = two_cause_data(missing=0.3)
    lacks = np.flatnonzero(~dataset["curve"].observed)
    exchanged = dataset["table"].values.copy()
    exchanged[lacks] = exchanged[np.roll(lacks, 1)]  # their mean and spread stay
    other = of_arrays({"curve": dataset["curve"].values, "table": exchanged})
    first, second = (
        decoder_after_an_epoch(Trainer(d, model_config, training_config, CPU))
        for d in (dataset, other)
    )
    np.testing.assert_allclose(first, second, atol=1e-5)


def decoder_after_an_epoch(trainer):
    """Weights of the table's decoder after the first epoch of the warm-up."""
    first = next(record for record in trainer.run() if isinstance(record, EpochRecord))
    assert first.stage is Stage.WARM_UP
    weights = trainer.model.decoders["table"].parameters()
    return np.concatenate([w.detach().numpy().ravel() for w in weights])

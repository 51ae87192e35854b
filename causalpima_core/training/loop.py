"""The training loop: stages in order, yielding records; it writes nothing, others do.

Between two records the trainer's state is whole: whoever consumes them may take `state` and go on
from there later with the same result.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from causalpima_core.config import ModelConfig, TrainingConfig
from causalpima_core.data.multimodal import Kind, MultimodalDataset
from causalpima_core.elbo import start_likelihood
from causalpima_core.errors import OTHER_VERSION, RunFolderError, TrainingError
from causalpima_core.experts.check import check_experts
from causalpima_core.inference import full_from
from causalpima_core.model import CausalPima
from causalpima_core.runs.records import (
    BatchRecord,
    EpochRecord,
    NoteRecord,
    Record,
    Snapshot,
    Stage,
    StageRecord,
)
from causalpima_core.samples import Samples
from causalpima_core.scaling import ModalitySpec
from causalpima_core.training import subsample
from causalpima_core.training.checkpoint import optimiser_tensors, restore_optimiser
from causalpima_core.training.distil import Distillation
from causalpima_core.training.epochs import (
    EpochRandomness,
    EpochTotals,
    evaluate,
    new_statistics,
    train_batches,
    warm_up_latent_weight,
)
from causalpima_core.training.expert_steps import (
    begin_experts,
    expert_statistics,
    gather,
    maximise_experts,
)
from causalpima_core.training.graph_ascent import ascend, paid_for_size
from causalpima_core.training.position import Position
from causalpima_core.training.schedules import ANNEALED, one_cycle, temperature
from causalpima_core.training.search import (
    NO_GROUPS,
    best_division,
    in_words,
    is_enough,
    with_common_nodes,
    with_vacant_outcomes,
)
from causalpima_core.training.snapshots import take_snapshot
from causalpima_core.training.start import SHRINKAGE, Start, components_at

SHOWN_SAMPLES = 600
MOST_SNAPSHOTS = 120
PROVISIONAL = (2,)
"""States of the nodes until they are chosen from the data; the warm-up makes no use of them."""


def choose_device() -> torch.device:
    """CUDA or MPS where present, else the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


class Trainer:
    """Training of one model on one dataset, from the start or from a saved state."""

    def __init__(
        self,
        dataset: MultimodalDataset,
        model: ModelConfig,
        training: TrainingConfig,
        device: torch.device | None = None,
    ) -> None:
        """Prepare everything that the seed decides; `run` does the work."""
        dataset.check_trainable()
        check_experts(model.experts, dataset)
        self.config = training
        self.device = device or choose_device()
        rng = np.random.default_rng([training.seed, 1])
        order = rng.permutation(len(dataset))
        n_held_out = training.n_held_out(len(dataset))
        self.held_rows = np.sort(order[:n_held_out])
        self.train_rows = np.sort(order[n_held_out:])
        self.shown = np.sort(order[:SHOWN_SAMPLES])
        generator = torch.Generator().manual_seed(training.seed)
        specs = tuple(ModalitySpec.of(m) for m in dataset.modalities)
        model = model.with_states(PROVISIONAL) if model.from_data else model
        self.model = CausalPima(model, specs, training.graph_restarts, generator)
        self.model.fit_scalings(dataset)
        self.model.to(self.device)
        self.data = self.model.prepare(dataset, self.device)
        networks = [*self.model.encoders.parameters(), *self.model.decoders.parameters()]
        self.network_optimiser = torch.optim.Adam(networks, lr=training.learning_rate)
        self.graph_optimiser = self._optimiser_of_graph()
        self.position = Position()
        self.start: Start | None = None
        self.start_networks: dict[str, Tensor] = {}
        n_train = len(self.train_rows)
        self.batch_size = training.batch_of(n_train)
        observed = self.data.observed[self.train_rows].cpu().numpy()
        self.full_from = full_from(observed, model.n_outcomes)
        self.full = observed.sum(1) >= self.full_from
        self.warm_up_rows = self.train_rows[subsample.warm_up_rows(observed, self.full)]
        small = all(m.kind is not Kind.IMAGE for m in dataset.modalities)
        n_warm_up = len(self.warm_up_rows)
        self.cycle_epochs = training.epochs_of(training.warm_up_steps, n_warm_up, small=small)
        self.joint_epochs = training.epochs_of(training.joint_steps, n_train, small=small)
        several = bool((observed.sum(1) > 1).any())
        self.distil_epochs = training.epochs_of(training.distil_steps, n_train) if several else 0
        self.distillation: Distillation | None = None

    # -- state ----------------------------------------------------------------------------------

    def state(self) -> tuple[dict[str, Tensor], dict]:
        """Tensors and JSON-able notes from which `restore` goes on."""
        tensors = {f"model/{name}": t for name, t in self.model.state_dict().items()}
        tensors |= optimiser_tensors("network", self.network_optimiser)
        tensors |= optimiser_tensors("graph", self.graph_optimiser)
        tensors |= self.distillation.tensors() if self.distillation else {}
        tensors |= {f"start/{name}": t for name, t in self.start_networks.items()}
        if self.start:
            tensors["outcome"] = torch.from_numpy(self.start.outcome)
        start = self.start.notes() if self.start else None
        return tensors, {"position": asdict(self.position), "start": start}

    def restore(self, tensors: dict[str, Tensor], notes: dict) -> None:
        """Take up a saved state.

        Raises:
            RunFolderError: another version saved it.
        """
        try:
            kept = notes["start"]
            self.start = Start.of_notes(kept, tensors["outcome"].numpy()) if kept else None
            self.position = Position(**notes["position"])
        except (KeyError, TypeError) as error:
            raise RunFolderError(OTHER_VERSION) from error
        self._set_states()
        self.model.load_weights(_under("model/", tensors))
        restore_optimiser("network", self.network_optimiser, tensors)
        restore_optimiser("graph", self.graph_optimiser, tensors)
        self.distillation = None
        if self.position.distil_from is not None:
            self.distillation = self._distillation()
            self.distillation.restore(tensors)
        self.start_networks = _under("start/", tensors)

    # -- the loop -------------------------------------------------------------------------------

    @property
    def epochs(self) -> int:
        """Epochs of all stages together, as now expected: another cycle adds its own."""
        before = self.position.joint_from
        if before is None:
            before = (self.position.cycle + 1) * self.cycle_epochs
        joint_to = self.position.distil_from
        if joint_to is None:
            joint_to = before + self.joint_epochs
        return joint_to + self.distil_epochs

    @property
    def joint_has_begun(self) -> bool:
        """Whether there are groups and a graph yet."""
        return self.position.joint_from is not None

    @property
    def joint_is_over(self) -> bool:
        """Whether features and graph are as they will remain."""
        return self.position.stopped or self._joint_progress >= 1

    @property
    def is_distilled(self) -> bool:
        """Whether encoders of single modalities have been taught all that they were to be."""
        return self.distillation is not None and self.position.epoch >= self.epochs

    def run(self) -> Iterator[Record]:
        """All that is left of training; see `causalpima_core.training` for the stages.

        Raises:
            TrainingError: it diverged, or the samples cannot be divided.
        """
        while not self.joint_has_begun:
            yield from self._warm_up_cycle()
            yield from self._look_for_start()
        if self.position.distil_from is None:
            yield from self._joint()
        if self.distil_epochs:
            yield from self._distil()

    def _warm_up_cycle(self) -> Iterator[Record]:
        """What is left of one cycle of the learning rate."""
        end = (self.position.cycle + 1) * self.cycle_epochs
        if self.position.epoch < end:
            yield StageRecord(Stage.WARM_UP, self.position.epoch, self.epochs)
        while self.position.epoch < end:
            progress = 1 - (end - self.position.epoch) / self.cycle_epochs
            with self.position.clock(Stage.WARM_UP):
                totals = EpochTotals.empty()
                for fraction, (terms, *_) in self._batches(Stage.WARM_UP, progress):
                    totals.add(terms)
                    yield BatchRecord(Stage.WARM_UP, self.position.epoch + fraction, self.epochs)
            yield from self._close_epoch(Stage.WARM_UP, totals, {})

    def _look_for_start(self) -> Iterator[Record]:
        """Divide the samples as the latents now show them; on to joint training if that is enough.

        The networks that showed the best division are kept with it; see `search`.
        """
        yield StageRecord(Stage.CANDIDATES, self.position.epoch, self.epochs)
        from_data = self.model.config.from_data
        with self.position.clock(Stage.CANDIDATES):
            data = self.some(self.train_rows)
            found = self._best_division(data)
            improved = found is not None and (self.start is None or found.is_better(self.start))
            if improved:
                self.start, self.start_networks = found, self._networks()
            last = self.position.cycle + 1 >= self.config.warm_up_cycles
            if self.start and (
                last or is_enough(self.start, improved=improved, from_data=from_data)
            ):
                self._begin_joint(data, self.start)
            elif last:
                raise TrainingError(NO_GROUPS)
            else:
                self.position.cycle += 1
        if self.start and self.joint_has_begun:
            for text in in_words(self.start, from_data=from_data):
                yield NoteRecord(text)
            unsearched = subsample.in_words(self.full)
            if unsearched:
                yield NoteRecord(unsearched)
        else:
            entropy = f" (assignment entropy {found.entropy:.3f} nats)" if found else ""
            yield NoteRecord(f"No clear groups yet{entropy}: learning more.")

    def _best_division(self, data: Samples) -> Start | None:
        """As `search.best_division` finds it, in the part of the samples that is searched."""
        rng = np.random.default_rng([self.config.seed, 2, self.position.cycle])
        part, searched = self._searched(data)
        found = best_division(self.model, part, rng)
        return subsample.for_all(found, self.model, data, searched) if found else None

    def _mended(self, data: Samples, start: Start) -> Start:
        """With nodes in common or outcomes vacant where that is better, as `search` has it.

        What two modalities show of a node that is undecided tells that its states overlap. Fewer
        groups would overlap less, and the node be lost.
        """
        part, searched = self._searched(data)
        there = replace(start, outcome=start.outcome[searched])
        seed = self.config.seed
        found = with_common_nodes(self.model, part, there, np.random.default_rng([seed, 5]))
        if found is there:
            found = with_vacant_outcomes(self.model, part, there, np.random.default_rng([seed, 6]))
        return start if found is there else subsample.for_all(found, self.model, data, searched)

    def _searched(self, data: Samples) -> tuple[Samples, NDArray[np.int64]]:
        """The part of the training samples in which groups are looked for, and its rows."""
        searched = subsample.searched_rows(self.full, self.config.seed)
        if len(searched) == len(data):
            return data, searched
        return data.only(torch.from_numpy(searched).to(self.device)), searched

    def _set_states(self) -> None:
        """Go on with the states of the start as if they had been given, where they were not.

        Before joint training there are none yet, also where what is restored lies before it.
        """
        if not self.model.config.from_data:
            return
        states = self.start.states if self.start and self.joint_has_begun else PROVISIONAL
        config = self.model.config.with_states(states)
        generator = torch.Generator().manual_seed(self.config.seed)
        self.model.begin_graph(config, self.config.graph_restarts, generator)
        self.model.to(self.device)
        self.graph_optimiser = self._optimiser_of_graph()

    def _optimiser_of_graph(self) -> torch.optim.Adam:
        graph = [*self.model.dag.parameters(), *self.model.tables.parameters()]
        return torch.optim.Adam(graph, lr=self.config.graph_learning_rate)

    def _networks(self) -> dict[str, Tensor]:
        """A copy of all weights."""
        return {name: t.detach().clone() for name, t in self.model.state_dict().items()}

    def _begin_joint(self, data: Samples, start: Start) -> None:
        self.model.load_weights(self.start_networks)
        self.start_networks = {}
        self.position.joint_from = self.position.epoch
        self.start = start = self._mended(data, start)
        self._set_states()
        self.model.set_components(components_at(self.model, data, start.outcome))
        rng = np.random.default_rng([self.config.seed, 3])
        begin_experts(self.model, data, start.outcome, rng)

    def _joint(self) -> Iterator[Record]:
        yield StageRecord(Stage.JOINT, self.position.epoch, self.epochs)
        while not self.joint_is_over:
            progress = self._joint_progress
            with self.position.clock(Stage.JOINT):
                totals, statistics = EpochTotals.empty(), new_statistics(self.model)
                physics = expert_statistics(self.model)
                for fraction, (terms, posterior, batch) in self._batches(Stage.JOINT, progress):
                    totals.add(terms)
                    full = batch.observed.sum(1) >= self.full_from
                    statistics.add(posterior[full], terms.responsibilities[full])
                    gather(self.model, physics, batch, terms.responsibilities)
                    yield BatchRecord(Stage.JOINT, self.position.epoch + fraction, self.epochs)
                self.model.set_components(statistics.maximise(self.model.components, SHRINKAGE))
                maximise_experts(self.model, physics)
                ascend(
                    self.model,
                    self.graph_optimiser,
                    statistics.weight,
                    self.temperature,
                    self.config.graph_steps,
                    self.config.description_length,
                )
            paid = paid_for_size(self.model, statistics.weight, self.temperature)
            yield from self._close_epoch(Stage.JOINT, totals, {"train/description_length": paid})

    def _distil(self) -> Iterator[Record]:
        """Teach an encoder for each modality alone what all together say; see `distil`."""
        if self.distillation is None:
            self.model.add_unimodal(torch.Generator().manual_seed(self.config.seed))
            self.position.distil_from = self.position.epoch
            self.distillation = self._distillation()
        stage, lessons = Stage.DISTIL, self.distillation
        yield StageRecord(stage, self.position.epoch, self.epochs)
        while self.position.epoch < self.epochs:
            progress = 1 - (self.epochs - self.position.epoch) / self.distil_epochs
            rate = self.config.learning_rate * one_cycle(progress)
            place = (self.config.seed, stage, self.position.epoch, self.device)
            with self.position.clock(stage):
                for fraction in lessons.steps(EpochRandomness.of(*place), rate, self.batch_size):
                    self.position.step += 1
                    yield BatchRecord(stage, self.position.epoch + fraction, self.epochs)
                terms = lessons.terms()
            self.position.epoch += 1
            yield EpochRecord(stage, self.position.epoch, self.position.step, terms)
        place = (self.config.seed, stage, self.position.epoch, self.device)
        lessons.finish(EpochRandomness.of(*place).noise)

    def _distillation(self) -> Distillation:
        with torch.no_grad():
            log_outcomes = self.model.log_outcomes(self.temperature)
        return Distillation(self.model, self.data, self.train_rows, self.held_rows, log_outcomes)

    def _batches(self, stage: Stage, progress: float) -> Iterator[tuple[float, tuple]]:
        """Gradient steps of one epoch with their fraction done; sets the learning rate."""
        rate = self.config.learning_rate * one_cycle(progress)
        if stage is Stage.JOINT:
            rate = self.config.joint_learning_rate * (1 - progress)
        for group in self.network_optimiser.param_groups:
            group["lr"] = rate
        randomness = EpochRandomness.of(self.config.seed, stage, self.position.epoch, self.device)
        with torch.no_grad():
            log_outcomes = self.model.log_outcomes(self.temperature)
        chosen = self.warm_up_rows if stage is Stage.WARM_UP else self.train_rows
        rows = torch.from_numpy(chosen).to(self.device)
        batch_size = self.config.batch_of(len(rows))
        n_batches = max(1, len(rows) // batch_size)
        steps = train_batches(
            self.model,
            self.data,
            rows,
            self.network_optimiser,
            batch_size,
            randomness,
            log_outcomes,
            warm_up_latent_weight(self.data) if stage is Stage.WARM_UP else 1.0,
            self._said_by_start() if stage is Stage.JOINT else None,
        )
        for done, step in enumerate(steps, start=1):
            self.position.step += 1
            yield done / n_batches, step

    def _said_by_start(self) -> Tensor | None:
        """Evidence of the start on the outcome of each training sample; None if it has no say."""
        n_outcomes, error = self.model.config.n_outcomes, self.config.start_error
        if error is None or n_outcomes == 1 or self.start is None:
            return None
        outcome = torch.from_numpy(self.start.outcome).to(self.device)
        said = start_likelihood(outcome, n_outcomes, error)
        said[~torch.from_numpy(self.full).to(self.device)] = 0.0  # their outcome is a guess
        return said

    def _close_epoch(
        self, stage: Stage, totals: EpochTotals, extra: dict[str, float]
    ) -> Iterator[Record]:
        """Evaluate on the samples held out, move on, and tell."""
        with self.position.clock(stage), torch.no_grad():
            held = self.some(self.held_rows)
            log_outcomes = self.model.log_outcomes(self.temperature)
            held_out = evaluate(self.model, held, log_outcomes).means("held_out")
        self.position.epoch += 1
        if stage is Stage.JOINT:
            self._watch(held_out["held_out/elbo"])
        terms = totals.means("train") | held_out | extra
        every = max(1, round(self.epochs / MOST_SNAPSHOTS))
        if self.position.epoch % every == 0 or self.joint_is_over:
            yield self.snapshot(stage)
        # Last, because whoever goes on from here will not see again what came before.
        yield EpochRecord(stage, self.position.epoch, self.position.step, terms)

    def _watch(self, held_out: float) -> None:
        """Early stopping, once the temperature has reached its end."""
        if self.position.best is None or held_out > self.position.best:
            self.position.best, self.position.since_best = held_out, 0
        elif self._joint_progress > ANNEALED:
            self.position.since_best += 1
            self.position.stopped = self.position.since_best >= self.config.patience

    def some(self, rows: NDArray[np.int64]) -> Samples:
        """Some of the samples."""
        return self.data.only(torch.from_numpy(rows).to(self.device))

    # -- what it looks like ---------------------------------------------------------------------

    @property
    def temperature(self) -> float:
        """Temperature of the graph's edges now."""
        start, end = self.config.temperature_start, self.config.temperature_end
        return temperature(self._joint_progress, start, end)

    @property
    def _joint_progress(self) -> float:
        """Share of joint training done."""
        if self.position.joint_from is None:
            return 0.0
        return (self.position.epoch - self.position.joint_from) / self.joint_epochs

    def snapshot(self, stage: Stage) -> Snapshot:
        """This moment, for the live page."""
        data = self.data[torch.from_numpy(self.shown).to(self.device)]
        place = (self.position.epoch, stage)
        return take_snapshot(self.model, data, self.shown, place, self.temperature)


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Those whose names begin with ``prefix``, without it."""
    return {n.removeprefix(prefix): t for n, t in tensors.items() if n.startswith(prefix)}

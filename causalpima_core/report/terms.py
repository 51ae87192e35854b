"""The loss by named term in words: what each is called, means, and when stages began."""

from __future__ import annotations

import pandas as pd

from causalpima_core.runs.records import Stage

MEANINGS = {
    "elbo": "Evidence lower bound: the sum of all terms below; higher is better.",
    "reconstruction": "How well the modality is redrawn from the latent space.",
    "expert": "How well the law of the modality, fitted to each component, meets its curves.",
    "latent_prior": "How well latents fit the Gaussian of their component.",
    "outcome_prior": "How probable the graph finds the samples' joint outcomes.",
    "start": "Agreement with the groups that joint training started from; training samples only.",
    "latent_entropy": "Spread each sample keeps in the latent space.",
    "outcome_entropy": "Uncertainty left about each sample's component.",
    "description_length": "Penalty for larger conditional tables.",
    "distillation": "How far what is told by the modality alone is from what all tell together; "
    "not part of the ELBO, and lower is better.",
}
"""Each term's meaning, by the part of its name before the first dot."""


def term_names(metrics: pd.DataFrame) -> list[str]:
    """Names of the terms recorded, the ELBO first."""
    names = metrics["term"].str.split("/", n=1).str[1].drop_duplicates()
    return sorted(names, key=lambda name: (name != "elbo", not name.startswith("rec"), name))


def meaning(term: str) -> str:
    """One sentence on a term; empty where it has none."""
    return MEANINGS.get(term.split(".")[0], "")


def term_in_words(term: str) -> str:
    """A term's name as tables show it.

    >>> term_in_words("reconstruction.image"), term_in_words("elbo")
    ('reconstruction · image', 'ELBO')
    """
    return "ELBO" if term == "elbo" else term.replace("_", " ").replace(".", " · ")


def stage_starts(metrics: pd.DataFrame) -> list[tuple[float, str]]:
    """First epoch of every stage after the first, with a short label."""
    firsts = metrics.groupby("stage", sort=False)["epoch"].min().sort_values()
    return [(float(epoch) - 0.5, str(Stage(stage))) for stage, epoch in firsts.items()][1:]

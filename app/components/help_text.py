"""The words of the Help page: terms, claims and checks, each a sentence that was measured or holds.

What is measured is in docs/RESULTS.md; a number that changes there changes here.
"""

from __future__ import annotations

from causalpima_core.report.terms import MEANINGS

METHOD = (
    "A variational autoencoder turns all measurements of a sample into one point of a latent "
    "space, whichever of them it has, and back. The latent space is made of Gaussian groups, and "
    "every group is one combination of states of a few discrete nodes, whose probabilities are "
    "those of a causal graph. Groups, nodes and graph are learned together through one evidence "
    "lower bound; from the graph that results one can ask what an intervention would change."
)

FEATURES = {
    "modality": "One kind of measurement, such as an image or a curve of every sample.",
    "node": "A discrete feature that is to be discovered; nodes are numbered until you name them.",
    "state": "One of the values a node can take; every sample is in one state of each node.",
    "outcome": "One state for every node: with nodes of 2, 2 and 3 states there are 12 outcomes.",
    "component": "The group of samples with one outcome: a Gaussian in the latent space.",
    "responsibility": "Probability that a sample belongs to a component, given its measurements.",
    "confidence": "A sample's largest responsibility; near 1 where its component is beyond doubt.",
    "entropy": "Mean uncertainty of the samples about their component, in nats; 0 is none.",
    "separation": "How cleanly samples fall into the states of a node: 1 is every sample clearly, "
    "0 none better than guessing.",
    "weak node": "A node whose states overlap, so that many samples could be in either; its edges "
    "are uncertain.",
    "expert": "A known law of a curve in place of a network; every component gets the law's "
    "parameters, with standard errors.",
}

GRAPH = {
    "edge": "An arrow from a node to another whose probabilities it changes directly.",
    "conditional table": "Probabilities of a node's states for each combination of states of the "
    "nodes that point to it.",
    "equivalence class": "All graphs that fit the same observations equally well.",
    "compelled edge": "Points the same way in every graph of the equivalence class.",
    "reversible edge": "Points one way in some of these graphs and the other way in others: a "
    "dependence whose direction observations cannot tell.",
    "tier": "A rank in time or dependence that you give to nodes; no edge runs from a higher tier "
    "to a lower one.",
    "posterior probability of an edge": "Share of all graphs your knowledge allows that have it, "
    "each weighted by how well it fits, with the nodes taken as found.",
    "flow weight": "Weight of an edge in the graph that is trained by gradients, before edges are "
    "decided; not a probability.",
    "do(node = state)": "Setting a node from outside: edges into it are cut, and what it acts on "
    "follows.",
    "counterfactual": "What this very sample would have been like, had a node been in another "
    "state and all else by chance the same.",
}

LOSS = {
    name.replace("_", " ").replace("elbo", "ELBO"): meaning for name, meaning in MEANINGS.items()
}

TERMS = {"Features": FEATURES, "Graph": GRAPH, "Loss, in nats per sample": LOSS}

MAY = (
    "**Groups**: which samples differ together in what was measured, and how clearly (separation, "
    "entropy).",
    "**Dependence**: which of the nodes found depend on each other, as a class of graphs, with a "
    "probability for every edge.",
    "**Direction** of compelled edges, and of edges that your tiers and required edges settle, if "
    "nothing unmeasured causes two nodes.",
    "**Parameters** of a law that you gave, for each component, with standard errors, if the law "
    "fits.",
    "**Predictions** of one modality from another, with intervals: on `lattice`, 93.4 and 94.4% of "
    "fresh curves lay in the 90% intervals.",
)

COUNTED = (
    "The numbers were right in 9 of 9 benchmark runs not looked at before, on `circles`, "
    "`lattice` and `shapes`; too few to rely on."
)
MAY_NOT = (
    "**Direction of reversible edges.** Observations cannot tell it; only knowledge or an "
    "experiment can.",
    "**Hidden causes.** An unmeasured cause of two nodes can look like an edge between them; "
    "the data cannot show it.",
    "**Selection.** If samples were kept or dropped for what they are, dependences "
    "appear that are not in nature.",
    "**What a node is.** Which physical factor it stands for must be checked against "
    "metadata or by looking at samples.",
    "**Weak nodes.** Where a factor's states overlap, no sample's state is sure, and where only "
    "one modality shows it, another division can take its place. On `weak`, whose factor two show, "
    "the graph was right in 19 of 20 runs and the node called weak in all 20.",
    "**Overlapping groups.** Clear groups are preferred: a feature whose groups overlap can be "
    "missed or mixed with another; the run says in which nodes groups overlap.",
    "**Continua.** A node is discrete; a continuous property that is bent in the measurements can "
    "be divided into states that do not exist. From the images of `lattice` alone, the pattern's "
    "place was; a run then says that groups overlap, by a bound set after looking at these.",
    f"**Numbers of states from the data.** {COUNTED}",
    "**Few samples.** Every outcome needs samples; with more outcomes than samples a run is "
    "refused, and well before that the tables are poorly known.",
    "**Wrong physics.** The parameters of a law that does not fit mean nothing, however small "
    "their errors; where a law leaves more than twice the variance of a free curve, the run says "
    "so.",
    "**Counterfactuals** also assume how chance enters each node (the Gumbel-max mechanism); no "
    "data can confirm it.",
)

BENCHMARK = {
    "example": ["circles", "coloured-digits", "spectra", "shapes", "lattice", "lattice, law given"],
    "runs": [50, 20, 20, 20, 20, 20],
    "features and graph right": [50, 19, 20, 20, 20, 20],
}
BENCHMARK_WORDS = (
    "Examples with known truth, standard preset, numbers of states given, seeds 0–9. Every wrong "
    "result came with a warning; not every warning means a wrong result. The examples were "
    "designed beside the method, so your data may be harder."
)

CHECKS = (
    "**Read the warnings** of the run: on Graph, above all else.",
    "**Other seeds.** Train twice more with other seeds. The same samples should share a state, "
    "though nodes and states may be numbered differently.",
    "**Agreement of runs.** What runs with different seeds or presets disagree about is not known.",
    "**Held-out samples.** A tenth of the samples is kept from training; on Live their loss should "
    "follow that of the training samples. Where the two part, samples are learned by heart.",
    "**Metadata.** Columns are never trained on. A node agrees with a column if their mutual "
    "information exceeds that with the column shuffled many times (the permutation null).",
    "**Look at samples.** Select groups in Latent space and see whether their images and curves "
    "share what the node is said to be.",
    "**Other numbers of states.** Train with one state more and one fewer: two states that look "
    "alike, or one that holds two kinds, tell against a number.",
    "**An experiment** on the cause is the only proof of a direction.",
)

KEYBOARD = (
    "The graph on the Model page is clicked; the table of edges and tiers below it holds the "
    "same, is kept in step, and is reached with Tab, arrow keys and Enter. On the Graph page the "
    "list beside the picture chooses a node or an edge."
)

CITE = (
    "The method: E. Walker, J. A. Actor, C. Martinez, N. Trask, *Causal disentanglement of "
    "multimodal data*, 2023, [arXiv 2310.18471](https://arxiv.org/abs/2310.18471).",
    "What it builds on: N. Trask, C. Martinez, K. Lee, B. Boyce, *Unsupervised physics-informed "
    "disentanglement of multimodal data for high-throughput scientific discovery*, 2022, "
    "[arXiv 2202.03242](https://arxiv.org/abs/2202.03242).",
    "This program is an independent implementation with additions of its own: say which version, "
    "preset and seed you used, and that results are given a class of equivalent graphs.",
)

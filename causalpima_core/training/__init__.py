"""Training in stages: warm-up, candidates, labelling, joint training, hardening."""

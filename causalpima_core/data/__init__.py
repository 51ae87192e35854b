"""Datasets: the value object, the readers that fill it, and examples whose truth is known."""

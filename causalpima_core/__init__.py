"""Discrete features and their causal graph from several measurements of the same samples.

Names are imported when first used, so that what needs no torch does not wait for it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from causalpima_core.data.examples import load_example
    from causalpima_core.data.multimodal import of_arrays
    from causalpima_core.data.readers import load_dataset
    from causalpima_core.fitted import FittedModel, fit

_HOMES = {
    "FittedModel": "causalpima_core.fitted",
    "fit": "causalpima_core.fitted",
    "load_dataset": "causalpima_core.data.readers",
    "load_example": "causalpima_core.data.examples",
    "of_arrays": "causalpima_core.data.multimodal",
}

__all__ = ["FittedModel", "fit", "load_dataset", "load_example", "of_arrays"]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the name stands for
    """Import a public name from its home."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)

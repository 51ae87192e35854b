"""Names of modalities: words that pages, files and the network's parameters can carry."""

from __future__ import annotations

from causalpima_core.data.sources import shown
from causalpima_core.errors import DataError

LONGEST_NAME = 60

RESERVED = frozenset(
    {
        "add_module",
        "allow_pickle",
        "apply",
        "bfloat16",
        "buffers",
        "call_super_init",
        "children",
        "clear",
        "compile",
        "copy",
        "cpu",
        "cuda",
        "double",
        "dump_patches",
        "eval",
        "extra_repr",
        "factual",
        "file",
        "float",
        "forward",
        "fromkeys",
        "get",
        "half",
        "ipu",
        "items",
        "keys",
        "metadata",
        "modules",
        "mtia",
        "named_buffers",
        "named_children",
        "named_modules",
        "named_parameters",
        "outcome",
        "parameters",
        "pop",
        "popitem",
        "probabilities",
        "requires_grad_",
        "sample_id",
        "setdefault",
        "share_memory",
        "state_dict",
        "T_destination",
        "to",
        "to_empty",
        "train",
        "training",
        "type",
        "update",
        "values",
        "xpu",
        "zero_grad",
    }
)
"""What PyTorch's containers of parameters call their own (beside names with get_, set_, load_ and
register_), what files call the samples' names, metadata and outcomes, and what NumPy's `savez` has
names for."""

_RESERVED_STARTS = ("_", "get_", "set_", "load_", "register_")


def check_modality_name(name: str) -> None:
    """Refuse a name that cannot be kept.

    >>> check_modality_name("stress-strain curve (2 °C)")

    Raises:
        DataError: saying why and what to do.
    """
    if not name.strip():
        raise DataError("A modality has no name: give every array or curve one.")
    if len(name) > LONGEST_NAME:
        raise DataError(
            f"The name of modality '{shown(name)}' has {len(name)} characters: expected at most "
            f"{LONGEST_NAME}; shorten it."
        )
    if "." in name or not name.isprintable():
        raise DataError(
            f"The name of modality '{shown(name)}' holds a full stop, line break or invisible "
            "character: expected letters, numbers, spaces and signs; rename it."
        )
    if name in RESERVED or name.startswith(_RESERVED_STARTS):
        raise DataError(
            f"A modality cannot be called '{name}', which the program keeps for itself: rename it, "
            f"for example to 'my-{name.lstrip('_')}'."
        )

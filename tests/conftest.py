"""The numerical code runs with its annotations, array shapes included, checked at each call."""

import os
from pathlib import Path

from jaxtyping import install_import_hook

# Two idle-spinning threads per process make small models many times slower on a busy machine.
os.environ |= {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}

CORE = Path(__file__).parents[1] / "causalpima_core"

install_import_hook(
    [
        ".".join(file.relative_to(CORE.parent).with_suffix("").parts)
        for file in CORE.rglob("*.py")
        if "from jaxtyping import" in file.read_text(encoding="utf-8")
    ],
    "beartype.beartype",
)

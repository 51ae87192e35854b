"""A small process that looks at the queue while runs wait, for the case that nobody else does.

A training that ends starts the next one; a training that is killed cannot. There is at most one
such process for a server, and none once nothing waits.
"""

from __future__ import annotations

import sys
import time

from causalpima_core.runs.queue import Queue
from causalpima_core.runs.workspace import Workspace

SECONDS_BETWEEN_LOOKS = 5.0
PATIENCE_SECONDS = 1.0
"""Others hold the lock for a moment, to see whether anyone attends."""


def attend(queue: Queue) -> None:
    """Start what may start, until nothing waits; at once where another process does so."""
    while queue.waiting():
        with queue.attending(PATIENCE_SECONDS) as alone:
            if not alone:
                return
            while queue.waiting():
                queue.dispatch()
                time.sleep(SECONDS_BETWEEN_LOOKS)
        # What came to wait before the lock was free found it held, and relies on us: look again.


if __name__ == "__main__":
    attend(Queue(Workspace(sys.argv[1])))

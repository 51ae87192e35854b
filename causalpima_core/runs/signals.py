"""Ctrl-C and SIGTERM stop a run as a person does on its page: what there is is kept."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from causalpima_core.runs.store import RunFolder


@contextmanager
def stopped_by_signals(folder: RunFolder) -> Iterator[None]:
    """Take both as a request to stop the run, until the end of the block."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        folder.request_cancel()

    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, stop) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
        folder.withdraw_cancel()

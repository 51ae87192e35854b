"""Where a training loop's time goes: processor seconds by named part, by wrapping functions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from time import process_time
from typing import Any
from unittest.mock import patch

REST = "rest"


@dataclass
class Stopwatch:
    """Adds up the time of functions by the part they are put under.

    A function called by another that is watched counts to the part of the outer one alone.

    Attributes:
        seconds: of each part so far.
    """

    seconds: dict[str, float] = field(default_factory=dict)
    _inside: bool = False

    def watched(self, part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The same function, its time added to a part."""

        def timed(*args: Any, **named: Any) -> Any:  # noqa: ANN401 - whatever the function takes
            if self._inside:
                return function(*args, **named)
            self._inside, began = True, process_time()
            try:
                return function(*args, **named)
            finally:
                spent = process_time() - began
                self.seconds[part] = self.seconds.get(part, 0.0) + spent
                self._inside = False

        return timed

    @contextmanager
    def watching(self, places: Iterable[tuple[str, object, str]]) -> Iterator[None]:
        """Within it, functions are watched; each place is a part, an owner and an attribute."""
        with ExitStack() as stack:
            for part, owner, name in places:
                watched = self.watched(part, getattr(owner, name))
                stack.enter_context(patch.object(owner, name, watched))
            yield

    def shares(self, total: float) -> dict[str, float]:
        """Share of each part in ``total`` seconds, largest first; `REST` is what is in no part."""
        parts = sorted(self.seconds.items(), key=lambda item: -item[1])
        named = {part: seconds / total for part, seconds in parts}
        return named | {REST: 1 - sum(named.values())}

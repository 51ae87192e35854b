"""A browser session without the browser: what Streamlit's page says to its server, and no drawing.

It opens the websocket a page would, asks for pages, changes lists and radio buttons as a person
might, lets fragments that repeat repeat, and fetches the pictures it is told of. Twenty of them
cost less than one Chromium, so that on a small machine it is the server that is measured.
"""

from __future__ import annotations

import asyncio
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from math import inf
from random import Random

from streamlit.proto.Alert_pb2 import Alert
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

PATIENCE_SECONDS = 60.0
THINKING_SECONDS = (1.0, 4.0)
CHANGES_A_PAGE = 2


@dataclass(frozen=True)
class Update:
    """One answer of the server.

    Attributes:
        page: that was looked at.
        kind: ``page`` opened, ``change`` of a list, ``tick`` of a fragment that repeats itself.
        seconds: from asking until the last element and picture had come.
        size: bytes that came.
        complaint: what the page said went wrong; empty where nothing did.
    """

    page: str
    kind: str
    seconds: float
    size: int
    complaint: str = ""


@dataclass
class Visitor:
    """One session; ``updates`` grows as it looks around."""

    address: str
    random: Random
    updates: list[Update] = field(default_factory=list)

    async def explore(self, pages: list[tuple[str, str]], until: float) -> None:
        """Look at pages, given by path and query, in any order until a moment of the clock."""
        async with self.connected():
            while time.monotonic() < until:
                await self.visit(*self.random.choice(pages), until)

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[None]:
        """A session that has been shown the first page."""
        place = f"ws://{self.address}/_stcore/stream"
        async with connect(place, subprotocols=[Subprotocol("streamlit")], max_size=None) as server:
            self._server: ClientConnection = server
            self._pages: dict[str, str] = {}
            self._forget_page()
            await self._ask("", "page", BackMsg())
            yield

    async def visit(self, path: str, query: str, until: float = inf) -> None:
        """Open a page, look at it and change something on it, with time to think in between."""
        await self._open(path, query)
        await self._think(path, until)
        for _ in range(CHANGES_A_PAGE):
            if time.monotonic() < until:
                await self._change(path)
                await self._think(path, until)

    async def _open(self, path: str, query: str) -> None:
        self._forget_page()
        self._query = query
        message = BackMsg()
        message.rerun_script.page_script_hash = self._pages.get(path, "")
        await self._ask(path, "page", message)

    def _forget_page(self) -> None:
        self._query, self._hash = "", ""
        self._lists: dict[str, list[str]] = {}
        self._chosen: dict[str, str] = {}
        self._ticks: dict[str, float] = {}

    async def _change(self, path: str) -> None:
        """Choose another entry of some list on the page."""
        choices = [(key, options) for key, options in self._lists.items() if len(options) > 1]
        if not choices:
            return
        key, options = self.random.choice(choices)
        self._chosen[key] = self.random.choice(options)
        await self._ask(path, "change", BackMsg())

    async def _think(self, path: str, until: float) -> None:
        """Look at what is there; what repeats itself goes on meanwhile."""
        done = min(until, time.monotonic() + self.random.uniform(*THINKING_SECONDS))
        while time.monotonic() < done:
            pause = min(self._ticks.values(), default=THINKING_SECONDS[1])
            await asyncio.sleep(max(0.0, min(pause, done - time.monotonic())))
            for fragment in list(self._ticks) if time.monotonic() < done else ():
                message = BackMsg()
                message.rerun_script.fragment_id = fragment
                message.rerun_script.is_auto_rerun = True
                await self._ask(path, "tick", message)

    async def _ask(self, path: str, kind: str, message: BackMsg) -> None:
        """Send and wait for all of the answer."""
        asked = message.rerun_script
        asked.query_string = self._query
        asked.page_script_hash = asked.page_script_hash or self._hash
        for key, value in self._chosen.items():
            asked.widget_states.widgets.add(id=key, string_value=value)
        began = time.monotonic()
        await self._server.send(message.SerializeToString())
        size, complaints, pictures = 0, [], []
        while True:
            answer = await asyncio.wait_for(self._server.recv(), PATIENCE_SECONDS)
            told = ForwardMsg.FromString(answer if isinstance(answer, bytes) else answer.encode())
            size += len(answer)
            for element in _elements(told):
                complaints += _complaints(element)
                pictures += [image.url for image in element.imgs.imgs]
                self._notice(element)
            if self._is_end(told):
                break
        size += sum(await asyncio.gather(*(self._fetch(url) for url in pictures)))
        spent = time.monotonic() - began
        self.updates.append(Update(path, kind, spent, size, "; ".join(complaints)))

    def _is_end(self, told: ForwardMsg) -> bool:
        """Keep what concerns the session; whether the script has ended."""
        kind = told.WhichOneof("type")
        if kind == "navigation":
            self._pages = {p.url_pathname: p.page_script_hash for p in told.navigation.app_pages}
            self._hash = told.navigation.page_script_hash
        elif kind == "page_info_changed":
            self._query = told.page_info_changed.query_string
        elif kind == "auto_rerun":
            self._ticks[told.auto_rerun.fragment_id] = told.auto_rerun.interval
        elif kind == "stop_auto_rerun":
            self._ticks.clear()
        # A script that begins anew (st.rerun) says so first, and ends once more.
        return kind == "script_finished" and (
            told.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN
        )

    def _notice(self, element: Element) -> None:
        for widget in (element.selectbox, element.radio):
            if widget.id and not widget.disabled:
                self._lists[widget.id] = list(widget.options)

    async def _fetch(self, url: str) -> int:
        if not url.startswith("/"):
            return 0
        return await asyncio.to_thread(self._download, f"http://{self.address}{url}")

    @staticmethod
    def _download(url: str) -> int:
        with urllib.request.urlopen(url, timeout=PATIENCE_SECONDS) as answer:  # noqa: S310 - our server
            return len(answer.read())


def _elements(told: ForwardMsg) -> Iterator[Element]:
    if told.WhichOneof("type") == "delta" and told.delta.WhichOneof("type") == "new_element":
        yield told.delta.new_element


def _complaints(element: Element) -> list[str]:
    if element.WhichOneof("type") == "exception":
        return [f"{element.exception.type}: {element.exception.message}"]
    if element.WhichOneof("type") == "alert" and element.alert.format == Alert.ERROR:
        return [element.alert.body]
    return []

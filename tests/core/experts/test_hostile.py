"""No formula from a stranger's file is ever run: each is refused, in one sentence, at once."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import pytest

from causalpima_core.errors import ConfigError
from causalpima_core.experts.spec import parse_expert

CORPUS = json.loads((Path(__file__).parents[2] / "hostile" / "formulas.json").read_text())
DANGEROUS = ("compile", "exec", "import", "open", "os.", "subprocess.", "ctypes.", "socket.")

_seen: list[str] = []
_watching = False


def _watch(event: str, _: tuple) -> None:
    if _watching and event.startswith(DANGEROUS):
        _seen.append(event)


sys.addaudithook(_watch)  # Python itself tells of everything that is compiled, run or opened


@pytest.mark.parametrize("entry", CORPUS, ids=lambda entry: entry["what"])
def test_a_hostile_formula_is_refused_and_never_run(entry: dict) -> None:
    global _watching
    text = entry["text"] * entry.get("times", 1)
    _seen.clear()
    began = time.process_time()
    _watching = True
    try:
        with pytest.raises(ConfigError) as refusal:
            parse_expert(text)
    finally:
        _watching = False
    assert _seen == []
    assert time.process_time() - began < 1.0
    sentence = str(refusal.value)
    assert sentence.endswith(".")
    assert len(sentence) < 400


def test_the_corpus_is_large_and_says_what_each_is() -> None:
    whats = [entry["what"] for entry in CORPUS]
    assert len(whats) == len(set(whats)) >= 100

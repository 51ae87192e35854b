"""What Help says is what the results say, and what it names is there."""

from __future__ import annotations

import re
from pathlib import Path

from app.components import help_text
from tests.app.conftest import Open

RESULTS = (Path(__file__).parents[2] / "docs" / "RESULTS.md").read_text(encoding="utf-8")
ROWS = {
    "circles": "circles",
    "coloured-digits": "coloured-digits",
    "spectra": "spectra",
    "shapes": "shapes",
    "lattice": "lattice` without its physics",
    "lattice, law given": "lattice` with its physics",
}


def test_the_counts_are_those_of_the_results():
    counts = help_text.BENCHMARK
    rows = zip(*counts.values(), strict=True)
    for example, runs, right in rows:
        (line,) = [
            r for r in RESULTS.splitlines() if re.match(rf"\| `{ROWS[example]}[` ].*seeds", r)
        ]
        cells = [cell.strip() for cell in line.split("|")]
        assert (cells[2], cells[5], cells[7]) == (str(runs), str(right), "0"), example


def test_every_link_within_the_page_has_its_heading(open_page: Open):
    app = open_page("help")
    wanted = set(re.findall(r"\(#(\w+)\)", app.markdown[0].value))
    there = {heading.proto.anchor for kind in (app.header, app.subheader) for heading in kind}
    assert wanted
    assert wanted <= there
    assert len(there) == len(app.header) + len(app.subheader)

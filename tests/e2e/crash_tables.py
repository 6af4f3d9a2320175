"""Tables in docs/payments.md that the crash tests make: each holds what a run saw.

`WRITE_DOCS=1` writes them anew.
"""

from __future__ import annotations

import os

from tests.e2e.launcher import ROOT

PAGE = ROOT / "docs" / "payments.md"
BY_SCHEME = (
    "what happens",
    "in the ledger",
    "answer stored",
    "money moved",
    "the same payment again",
    "charged in all",
)
Rows = dict[str, tuple[str, ...]]


def rendered(headings: tuple[str, ...], rows: Rows) -> str:
    """A table in Markdown."""
    lines = [headings, ("---",) * len(headings), *((name, *cells) for name, cells in rows.items())]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def is_in_the_docs(name: str, headings: tuple[str, ...], rows: Rows) -> None:
    """Assert that the page has these rows between the comments `name` and `end of name`, or write them there."""
    page, begin, end = PAGE.read_text(), f"<!-- {name} -->\n", f"<!-- end of {name} -->"
    made = f"{page.split(begin)[0]}{begin}{rendered(headings, rows)}{end}{page.split(end)[1]}"
    if os.environ.get("WRITE_DOCS"):
        PAGE.write_text(made)
        return
    assert page == made, "WRITE_DOCS=1 writes the table anew"

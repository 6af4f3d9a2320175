"""What `alive402 analyze` reads and prints: inputs, a watched folder, a camera; answers, tables."""

from __future__ import annotations

from alive402.cli.judging import watching
from alive402.cli.judging.answers import EXIT, EXIT_UNUSABLE, Csv, InFull, JsonLines, Printer, Table, Totals
from alive402.cli.judging.camera import filmed
from alive402.cli.judging.inputs import Input, InputRefused, expanded, fetched
from alive402.cli.judging.watching import arriving

__all__ = [
    "EXIT",
    "EXIT_UNUSABLE",
    "Csv",
    "InFull",
    "Input",
    "InputRefused",
    "JsonLines",
    "Printer",
    "Table",
    "Totals",
    "arriving",
    "expanded",
    "fetched",
    "filmed",
    "watching",
]

"""Tests of the answers of `alive402 analyze`: the table with its totals, CSV, JSON lines."""

from __future__ import annotations

import csv
import io
import json

import pytest
from rich.console import Console

from alive402.cli.judging import Csv, InFull, JsonLines, Printer, Table
from alive402.demo import Clips
from alive402.liveness import Analyzer, Report

ERROR = {"code": "no_face", "message": "No face was found.", "details": {}}


@pytest.fixture(scope="module")
def reports(analyzer: Analyzer, clips: Clips) -> list[Report]:
    return [analyzer.analyze(path).report for path in (clips.bona_fide, clips.attack)]


def printed(printer: Printer, reports: list[Report]) -> None:
    for name, report in zip(("live.mp4", "a/" * 40 + "spoof.mp4"), reports, strict=True):
        printer.answer(name, report)
    printer.error("[red]nobody.mp4", ERROR)
    printer.end()


def test_table_has_a_line_for_each_file_and_totals(reports: list[Report]) -> None:
    console = Console(file=io.StringIO(), width=80)
    printed(Table(console, ["live.mp4", "a/" * 40 + "spoof.mp4", "[red]nobody.mp4"]), reports)
    head, live, spoof, nobody, totals = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert head.split() == ["VERDICT", "LIVE", "FILE", "WHY"]
    assert live.split() == ["LIVE", f"{reports[0].live_confidence:.2f}", "live.mp4"]
    assert spoof.startswith("SPOOF")
    assert spoof.endswith("spoof.mp4  re-filmed from a screen")
    assert nobody.split()[:2] == ["UNUSABLE", "[red]nobody.mp4"]
    assert nobody.endswith("No face was found. (no_face)")
    assert totals == "3 files: 1 live, 1 spoof, 1 unusable (no_face 1)"
    assert head.index("WHY") == spoof.index("re-filmed") == nobody.index("No face")


def test_details_of_several_files_end_with_totals(reports: list[Report]) -> None:
    console = Console(file=io.StringIO(), width=80)
    printed(InFull(console, several=True), reports)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert text.count("because") >= 2
    assert text.endswith("3 files: 1 live, 1 spoof, 1 unusable (no_face 1)\n")


def test_nothing_judged_prints_nothing() -> None:
    console = Console(file=io.StringIO())
    Table(console, []).end()
    assert console.file.getvalue() == ""  # type: ignore[attr-defined]


def test_csv_has_a_header_and_a_line_for_each_file(reports: list[Report], capsys: pytest.CaptureFixture[str]) -> None:
    printed(Csv(), reports)
    live, spoof, nobody = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert (live["verdict"], spoof["verdict"], nobody["verdict"]) == ("live", "spoof", "")
    assert float(live["live_confidence"]) == reports[0].to_dict()["live_confidence"]
    assert spoof["reasons"].split() == [reason.code for reason in reports[1].reasons]
    assert (nobody["input"], nobody["code"]) == ("[red]nobody.mp4", "no_face")


def test_json_lines_have_whole_reports(reports: list[Report], capsys: pytest.CaptureFixture[str]) -> None:
    printed(JsonLines(), reports)
    live, _, nobody = map(json.loads, capsys.readouterr().out.splitlines())
    assert live == {"input": "live.mp4"} | reports[0].to_dict()
    assert nobody == {"input": "[red]nobody.mp4", "error": ERROR}

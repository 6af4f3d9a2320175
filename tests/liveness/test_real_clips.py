"""Tests of real clips, if a folder of them is available: each gets a verdict with reasons, most the right one.

Set ALIVE402_REAL_CLIPS to a folder with a manifest.csv (columns file, label, source) to judge all of its clips; else
every third clip of `../shared/data/dev` is judged, if it exists. The floor below is far under what was measured: it is
there to catch a broken engine, not to tune on. `make bench-accuracy` judges every clip.
"""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pytest

from alive402.liveness import Analyzer, Report

ROOT = Path(__file__).resolve().parents[2]
CHOSEN = os.environ.get("ALIVE402_REAL_CLIPS")
FOLDER = Path(CHOSEN or ROOT.parent / "shared" / "data" / "dev")
MANIFEST = FOLDER / "manifest.csv"

pytestmark = pytest.mark.skipif(not MANIFEST.exists(), reason="no real clips here (ALIVE402_REAL_CLIPS is not set)")


@pytest.fixture(scope="module")
def judged(analyzer: Analyzer) -> list[tuple[str, Report]]:
    rows = list(csv.DictReader(MANIFEST.open()))[:: 1 if CHOSEN else 3]
    return [(row["label"], analyzer.analyze(FOLDER / row["file"]).report) for row in rows]


def test_every_clip_has_a_verdict_with_reasons(judged: list[tuple[str, Report]]) -> None:
    assert all(report.reasons and report.verdict in ("live", "spoof", "inconclusive") for _, report in judged)


def test_attacks_score_below_bona_fide(judged: list[tuple[str, Report]]) -> None:
    live = [report.live_confidence for label, report in judged if label == "live"]
    attack = [report.live_confidence for label, report in judged if label != "live"]
    wins = sum((a < b) + 0.5 * (a == b) for a in attack for b in live)
    assert wins / (len(live) * len(attack)) > 0.9

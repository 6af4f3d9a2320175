"""Tests of `python -m benchmarks.curves`: what it counts at a threshold, and the packaged counts that it made."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
from benchmarks.curves import OUT, REFUSED, THRESHOLDS, counted
from hypothesis import given
from hypothesis import strategies as st

from alive402.catalog import IMAGE_LIVENESS, LIVENESS

ROOT = Path(__file__).parents[2]


@given(st.lists(st.tuples(st.floats(0, 1), st.sampled_from(["", "print", "replay_phone", "mask"])), min_size=1))
def test_people_below_and_attacks_from_the_threshold_on_are_counted(clips: list[tuple[float, str]]) -> None:
    scores, species = (np.array(part) for part in zip(*clips, strict=True))
    rates = {each["name"]: each for each in counted(scores, species == "", species)}
    assert rates[REFUSED]["trials"] == sum(kind == "" for _, kind in clips)
    assert sum(each["trials"] for each in rates.values()) == len(clips)
    for place, threshold in enumerate(THRESHOLDS):
        refused = sum(score < threshold for score, kind in clips if kind == "")
        passed = sum(score >= threshold for score, kind in clips if kind == "mask")
        assert rates[REFUSED]["errors"][place] == refused
        assert rates.get("mask called live", {"errors": [0] * len(THRESHOLDS)})["errors"][place] == passed


def test_packaged_counts_name_no_file_and_no_score() -> None:
    made = json.loads(OUT.read_text())
    assert made["made_by"] == "python -m benchmarks.curves"
    assert made["thresholds"] == THRESHOLDS.tolist()
    assert [*made["services"]] == [LIVENESS.id, IMAGE_LIVENESS.id]
    for service in made["services"].values():
        assert {*service} == {"judged", "threshold", "margin", "rates"}
        assert all({*rate} == {"name", "trials", "errors"} for rate in service["rates"])


def test_missing_manifest_is_reported(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.curves", str(tmp_path / "none.csv"), str(tmp_path / "none.csv")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, "none.csv" in done.stderr) == (64, True)

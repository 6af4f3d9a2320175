"""Tests of `python -m benchmarks.images` on two real clips: its counts and its fit."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from training.calibrate_images import SHARES

from alive402.demo import Clips

ROOT = Path(__file__).parents[2]


@pytest.fixture
def manifest(clips: Clips, tmp_path: Path) -> Path:
    """A manifest with each clip twice, from two sources, so that either source can be left out."""
    lines = ["file,label,attack,source"]
    for source in ("a", "b"):
        (tmp_path / f"{source}_live.mp4").symlink_to(clips.bona_fide)
        (tmp_path / f"{source}_spoof.mp4").symlink_to(clips.attack)
        lines += [f"{source}_live.mp4,live,,{source}", f"{source}_spoof.mp4,spoof,replay_phone,{source}"]
    path = tmp_path / "manifest.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_single_frames_are_judged_and_inconclusive_ones_counted(manifest: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.images", str(manifest), "--json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert (figures["clips"], figures["sources"]) == (4, 2)
    assert figures["looks"] + sum(figures["unusable"].values()) == 4 * len(SHARES)
    held_out, shipped = figures["middle_frames"].values()
    for method in (held_out, shipped):
        assert sum(method["verdicts"]["live"].values()) == sum(method["verdicts"]["replay_phone"].values()) == 2
    # The same clip stands in both places, so what is left out is known by its twin.
    assert held_out["auc"]["value"] == 1.0
    assert sum(band["looks"] for band in figures["confidence"]) == figures["looks"]


def test_missing_manifest_is_reported(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.images", str(tmp_path / "none.csv")],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, "none.csv" in done.stderr) == (64, True)

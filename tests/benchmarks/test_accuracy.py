"""Tests of `python -m benchmarks.accuracy` on the two demo clips: figures without peers, and wrong paths."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from alive402.demo import Clips

ROOT = Path(__file__).parents[2]


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks.accuracy", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def manifest(short_clips: Clips, tmp_path: Path) -> Path:
    shutil.copy(short_clips.bona_fide, tmp_path / "person.mp4")
    shutil.copy(short_clips.attack, tmp_path / "phone.mp4")
    path = tmp_path / "manifest.csv"
    path.write_text(
        "path,label,attack_type,source,restricted\nperson.mp4,live,,s1,\nphone.mp4,spoof,replay_phone,s1,research\n"
    )
    return path


def test_figures_without_peers(manifest: Path) -> None:
    done = run(manifest, "--speed-clips", "1", "--json")
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert set(figures["clips"]) == {"all", "not restricted", "restricted"}
    methods = figures["clips"]["all"]["methods"]
    assert methods["ours, whole clip, as shipped"]["auc"]["value"] == 1.0
    assert methods["our network, mean of frames"]["apcer"]["replay_phone"]["trials"] == 1
    assert figures["pace"]["our network, ms a face"] > 0
    assert "person" not in done.stdout


def test_wrong_paths_are_reported(manifest: Path, tmp_path: Path) -> None:
    nowhere = run(tmp_path / "nowhere.csv")
    assert (nowhere.returncode, "MANIFEST=" in nowhere.stderr) == (64, True)
    no_peer = run(manifest, "--peers", tmp_path)
    assert (no_peer.returncode, "PEERS=" in no_peer.stderr) == (64, True)

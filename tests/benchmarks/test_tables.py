"""Tests of the benchmarks of docs/accuracy.md on the two demo clips: each prints its table."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from alive402.demo import Clips
from alive402.liveness import model_files

ROOT = Path(__file__).parents[2]


def run(module: str, *arguments: str | Path) -> str:
    command = [sys.executable, "-m", f"benchmarks.{module}", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def manifest(short_clips: Clips, tmp_path: Path) -> Path:
    rows = []
    for source in ("s1", "s2"):
        shutil.copy(short_clips.bona_fide, tmp_path / f"person_{source}.mp4")
        shutil.copy(short_clips.attack, tmp_path / f"phone_{source}.mp4")
        rows += [f"person_{source}.mp4,live,,{source}", f"phone_{source}.mp4,spoof,replay_phone,{source}"]
    path = tmp_path / "manifest.csv"
    path.write_text("path,label,attack_type,source\n" + "\n".join(rows) + "\n")
    return path


def test_ablation_table_lists_every_part(manifest: Path) -> None:
    told = run("ablation", manifest, "--network", f"again={model_files.locate('two_view')}")
    rows = {line.split("|")[1].strip(): line for line in told.splitlines() if line.startswith("| ")}
    assert "1.000" in rows["as shipped: all views, all cues"]
    assert rows["as shipped, both"].split("|")[2:] == rows["again, both"].split("|")[2:]
    assert {"without planar", "without the face alone", "no cue", "again, wide view", "again, face alone"} <= set(rows)


def test_frozen_stream_is_detected(short_clips: Clips, tmp_path: Path) -> None:
    shutil.copy(short_clips.bona_fide, tmp_path / "person.mp4")
    # somebody whom training sets aside: it does so by the name's hash
    name = next(f"p{number}" for number in range(1000) if hashlib.sha256(f"p{number}".encode()).digest()[0] % 10 == 0)
    (tmp_path / "manifest.csv").write_text(
        f"file,kind,source,subject,licence\nperson.mp4,bonafide_video,s1,{name},public domain\n"
    )
    arguments = ("--data", tmp_path, "--work", tmp_path / "work", "--only", "frozen stream")
    told = run("simulated", *arguments)
    assert "| frozen stream | 1 | 0 | 0 | 0 | 1 injected_or_edited |" in told

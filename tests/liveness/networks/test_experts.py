"""Tests of an optional expert: only pinned files are accepted, and it has half the weight.

Set ALIVE402_SILENT_FACE to a folder with v2_27.onnx and v1se_40.onnx; else `../shared/peers/silent-face` is looked for.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from alive402.demo import Clips
from alive402.liveness import Analyzer, ModelsMissing
from alive402.liveness.networks import model_files

ROOT = Path(__file__).resolve().parents[3]
FOLDER = Path(os.environ.get("ALIVE402_SILENT_FACE") or ROOT.parent / "shared" / "peers" / "silent-face")


def test_missing_expert_has_an_error_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALIVE402_CACHE", str(tmp_path))
    with pytest.raises(ModelsMissing, match="models add silent-face"):
        Analyzer(expert="silent-face")


def test_unpinned_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALIVE402_CACHE", str(tmp_path))
    for model in model_files.experts()["silent-face"]:
        with pytest.raises(ModelsMissing):
            model_files.add(model, b"something else")
        assert not model.path.exists()


@pytest.mark.skipif(not FOLDER.is_dir(), reason="no Silent-Face files here (ALIVE402_SILENT_FACE is not set)")
def test_expert_has_half_the_weight(
    clips: Clips, analyzer: Analyzer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALIVE402_CACHE", str(tmp_path))
    for model in model_files.experts()["silent-face"]:
        model_files.add(model, (FOLDER / model.member).read_bytes())
    both = Analyzer(expert="silent-face").analyze(clips.attack)
    alone = analyzer.analyze(clips.attack)
    assert both.report.verdict != "live"
    assert both.expert is not None
    assert len(both.expert.live) == len(both.samples)
    assert "expert" in both.report.cues
    assert "expert" not in alone.report.cues
    assert both.report.live_confidence != alone.report.live_confidence

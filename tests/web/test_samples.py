"""Tests of the sample clips: the engine still judges them so, and pages show only what is there."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from alive402.demo import prepare_samples
from alive402.liveness import Analyzer
from alive402.web import SAMPLE_FILES, finished_answer, shown_samples
from tests.http.conftest import Service
from tests.web.conftest import PAGE


@pytest.mark.parametrize(("name", "verdict"), [("live.mp4", "live"), ("refilmed.mp4", "spoof")])
def test_engine_judges_the_samples_as_they_are_named(analyzer: Analyzer, name: str, verdict: str) -> None:
    judged = analyzer.analyze(prepare_samples() / name).report.to_dict()
    assert judged["verdict"] == verdict
    if verdict == "spoof":
        shown = finished_answer()
        assert {**judged, "cues": [*judged["cues"]]}.keys() >= shown.keys() - {"cues"}
        assert [*shown["cues"]] == [*judged["cues"]]
        assert [shown[name] for name in ("verdict", "attack_type", "reasons", "threshold")] == [
            judged[name] for name in ("verdict", "attack_type", "reasons", "threshold")
        ]
        assert shown["live_confidence"] == pytest.approx(judged["live_confidence"], abs=0.05)
        assert [each["unit"] for each in shown["cues"].values()] == [each["unit"] for each in judged["cues"].values()]


def test_samples_are_served(service: Service) -> None:
    for name in SAMPLE_FILES:
        got = httpx.get(f"{service.url}/samples/{name}")
        assert (got.status_code, got.headers["content-type"]) == (
            200,
            "video/mp4" if name.endswith("mp4") else "image/jpeg",
        )
    assert httpx.get(f"{service.url}/samples/..%2Fmodels").status_code == 404
    assert httpx.get(f"{service.url}/samples/other.mp4").status_code == 404
    page = httpx.get(service.url + PAGE).text
    assert page.count("data-sample=") == 2
    assert "A finished answer" in httpx.get(service.url).text


def test_no_sample_is_shown_before_all_are_made(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    for unusable in (tmp_path / "file" / "cache", "~nobody-here"):
        monkeypatch.setenv("ALIVE402_CACHE", str(unusable))
        assert shown_samples() == ()
    monkeypatch.setenv("ALIVE402_CACHE", str(tmp_path))
    assert httpx.get(f"{service.url}/samples/live.mp4").status_code == 404
    assert "data-sample=" not in httpx.get(service.url + PAGE).text
    home = httpx.get(service.url).text
    assert "A finished answer" in home
    assert "/samples/face.jpg" not in home

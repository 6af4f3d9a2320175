"""Tests of the measurement of the challenge on rendered answers; it measures one of them."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import av
import numpy as np
import pytest
from benchmarks.answers import drawn, films, later, reordered

from alive402.liveness import Challenge
from benchmarks import answers
from tests.e2e.pages import block

MEASURED, FILMED = (line.split()[3:] for line in block("challenge.md", "benchmarks.answers").splitlines())


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["benchmarks.answers", *arguments])
    answers.main()


def test_one_rendered_answer_is_measured(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    run(monkeypatch, *MEASURED, "--challenges", "1", "--wrong", "0", "--keep", str(tmp_path), "--json")
    figures = json.loads(capsys.readouterr().out)
    assert figures["right answers"] == "1 of 1 answered"
    assert [path.name for path in tmp_path.iterdir()] == ["0-answer.mp4"]


def test_an_answer_is_filmed_for_a_fake_camera(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked = Challenge("short", drawn(1).steps[:1], 1.2, 3.5, 0.0)
    (tmp_path / "challenge.json").write_text(json.dumps(asked.to_dict()))
    monkeypatch.chdir(tmp_path)
    run(monkeypatch, *FILMED, "--width", "160", "--before", "0.5")
    with av.open("answer.mjpeg") as file:
        frames = list(file.decode(video=0))
    assert (len(frames), frames[0].width, frames[0].height) == (120, 160, 120)


def test_wrong_answers_are_wrong() -> None:
    asked = drawn(7)
    assert set(films(7)) == set(answers.WORDS)
    other = reordered(asked, np.random.default_rng(7))
    assert [step.at for step in other.steps] == [step.at for step in asked.steps]
    assert sorted(step.kind for step in other.steps) == sorted(step.kind for step in asked.steps)
    assert [step.kind for step in other.steps] != [step.kind for step in asked.steps]
    assert later(asked, 3.0).steps[0].at == asked.steps[0].at + 3.0

"""Tests of `alive402 challenge new` and of `alive402 analyze --challenge`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import pytest
from typer.testing import CliRunner, Result

from alive402.cli.main import app
from alive402.demo import Clips
from alive402.liveness import Challenge
from alive402.liveness.challenge import Limits
from tests.cli.running import run
from tests.conftest import Image
from tests.e2e.pages import block


def test_a_new_challenge_is_drawn_each_time(tmp_path: Path) -> None:
    path = tmp_path / "challenge.json"
    done = run("challenge", "new", "--out", path, "--avoid", "open_mouth", "--pace", "slow")
    assert (done.returncode, done.stdout) == (0, "")
    drawn = Challenge.from_dict(json.loads(path.read_text()))
    assert len(drawn.challenge_id) == 43
    assert {step.seconds for step in drawn.steps} == {4.0}
    assert "open mouth" not in done.stderr
    assert f"{drawn.steps[0].at:.1f} s  {drawn.steps[0].kind.replace('_', ' ')}" in done.stderr
    printed = run("challenge", "new")
    assert Challenge.from_dict(json.loads(printed.stdout)).challenge_id != drawn.challenge_id


@pytest.mark.parametrize(
    ("options", "said"),
    [(["--steps", "2"], "3 to 8 steps"), (["--avoid", "blink"], "turn_left"), (["--pace", "fast"], "normal or slow")],
)
def test_wrong_options_exit_with_64(options: list[str], said: str) -> None:
    done = run("challenge", "new", *options)
    assert done.returncode == 64
    assert said in done.stderr


def test_analyze_says_why_a_clip_does_not_answer(clips: Clips, person: list[Image], tmp_path: Path) -> None:
    path, picture = tmp_path / "challenge.json", tmp_path / "face.png"
    path.write_text(json.dumps(Challenge.new("of a test", bytes(16)).to_dict()))
    cv2.imwrite(str(picture), person[60])
    page = tmp_path / "report.html"
    told = run("analyze", "--json", clips.bona_fide, picture, "--challenge", path, "--report", page)
    first, second = (json.loads(line) for line in told.stdout.splitlines())
    assert (told.returncode, first["verdict"]) == (3, "inconclusive")
    assert (first["freshness"]["fitted"], first["freshness"]["challenge_id"]) == (False, "of a test")
    assert first["reasons"][0]["message"] == first["freshness"]["message"]
    assert first["freshness"]["curves"]["times"][-1] == pytest.approx(first["video"]["seconds"], abs=0.2)
    html = page.read_text()
    assert html.count('<svg class="movements"') == 1
    assert first["freshness"]["message"] in html
    assert "A picture cannot answer a challenge" in second["error"]["message"]


def test_commands_of_the_page_check_a_clip(clips: Clips, tmp_path: Path) -> None:
    (tmp_path / "selfie.mp4").symlink_to(clips.bona_fide)
    new, judged = block("challenge.md", "challenge new").splitlines()
    done = shell(new, tmp_path)
    assert (done.returncode, "Film" in done.stderr) == (0, True)
    done = shell(judged, tmp_path)
    assert (done.returncode, "challenge     " in done.stdout) == (2, True)
    assert "not fitted on people who were asked to move" in done.stdout
    done = shell('python -c "$SCRIPT"', tmp_path, SCRIPT=block("challenge.md", "import secrets"))
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0].startswith("1.2 ")
    assert "inconclusive" in done.stdout


def shell(command: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env={**os.environ, "PATH": path, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("text", ["", "[]", '{"kind": "light"}', None])
def test_analyze_refuses_what_is_no_challenge(text: str | None, clips: Clips, tmp_path: Path) -> None:
    path = tmp_path / "challenge.json"
    if text is not None:
        path.write_text(text)
    done = run("analyze", clips.bona_fide, "--challenge", path)
    assert (done.returncode, done.stdout) == (64, "")
    assert str(path) in done.stderr


def test_fit_writes_thresholds_that_are_read_again(
    clips: Clips, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "person.mp4").symlink_to(clips.bona_fide)
    (tmp_path / "free.mp4").symlink_to(clips.bona_fide)
    (tmp_path / "asked.json").write_text(json.dumps(Challenge.new("asked", bytes(16)).to_dict()))
    manifest, out = tmp_path / "asked.csv", tmp_path / "thresholds.json"
    manifest.write_text("path,label,subject,challenge\nperson.mp4,live,ann,asked.json\nfree.mp4,live,,\n")
    monkeypatch.chdir(tmp_path)
    done = invoke(*block("challenge.md", "challenge fit").split()[2:])
    assert done.exit_code == 0, done.output
    assert "1 clips of 1 people who were asked, 1 clips of people who were not" in done.output
    assert "1 people, at least 30 are needed" in done.output
    limits = Limits.read(out)
    assert (limits.fitted, "5 movements that 1 people were asked for in 1 clips" in limits.fitted_on) == (False, True)
    told = json.loads(invoke("fit", manifest, "--out", out, "--json").stdout)
    assert told["movements"]["turn_left"]["threshold"] == limits.movements["turn_left"].threshold


def test_fit_needs_a_clip_of_somebody_who_was_asked(clips: Clips, tmp_path: Path) -> None:
    (tmp_path / "free.mp4").symlink_to(clips.bona_fide)
    manifest = tmp_path / "asked.csv"
    manifest.write_text("path,label\nfree.mp4,live\n")
    for folder, code, said in ((tmp_path, 3, "no clip with a challenge"), (tmp_path / "none", 64, "no folder")):
        done = invoke("fit", manifest, "--out", folder / "thresholds.json")
        assert (done.exit_code, said in done.output) == (code, True)
    manifest.write_text("path,label,challenge\nfree.mp4,live,gone.json\n")
    done = invoke("fit", manifest, "--out", tmp_path / "thresholds.json")
    assert done.exit_code == 64
    assert "line 2, column 'challenge'" in " ".join(done.output.split())
    assert not (tmp_path / "thresholds.json").exists()


def invoke(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["challenge", *map(str, arguments)])

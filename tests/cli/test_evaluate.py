"""Tests of `alive402 evaluate` on the demo's two clips: figures, resuming, non-responses, exit codes."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import pytest
from typer.testing import CliRunner

from alive402.cli.main import app
from alive402.demo import Clips
from alive402.lab.evaluate import Engine
from alive402.lab.scores import read
from alive402.liveness import Challenge
from tests.cli import running
from tests.cli.running import Done
from tests.conftest import Image

WITHOUT_LAB = "import sys; sys.modules['scipy'] = None; from alive402.cli.main import main; main()"


def run(*arguments: str | Path) -> Done:
    """Run `alive402 evaluate ARGUMENTS...` in this process."""
    return running.run("evaluate", *arguments)


@pytest.fixture(scope="module")
def data(clips: Clips, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A manifest of three files: a person, a phone replay of the person, and a text file."""
    folder = tmp_path_factory.mktemp("data")
    shutil.copy(clips.bona_fide, folder / "person.mp4")
    shutil.copy(clips.attack, folder / "phone.mp4")
    (folder / "words.mp4").write_text("no video\n" * 100)
    (folder / "manifest.csv").write_text(
        "path,label,attack_type,subject,source\n"
        "person.mp4,live,,p1,carphone\nphone.mp4,spoof,replay/phone,p1,carphone\nwords.mp4,spoof,print,p2,desk\n"
    )
    return folder / "manifest.csv"


@pytest.fixture(scope="module")
def done(data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Done, Path]:
    out = tmp_path_factory.mktemp("results") / "made" / "when missing"
    return run(data, "--out", out), out


def test_evaluate_prints_the_figures(done: tuple[Done, Path]) -> None:
    process, out = done
    assert process.returncode == 0, process.stderr
    for words in ("3 presentations, 2 sources, 2 judged", "APCER replay/phone", "BPCER", "0 of 1", ".000 to .975"):
        assert words in process.stdout
    assert {path.name for path in out.iterdir()} == {"scores.csv", "metrics.json", "report.html"}


def test_files_hold_the_same_figures(done: tuple[Done, Path]) -> None:
    _, out = done
    scores = {score.name: score for score in read(out / "scores.csv")}
    assert scores["person.mp4"].score > 0.5 > scores["phone.mp4"].score
    assert scores["phone.mp4"].guess == "screen_replay"
    assert scores["words.mp4"].code == "unsupported_video"
    figures = json.loads((out / "metrics.json").read_text())
    assert figures["auc"]["value"] == 1.0
    assert figures["points"]["engine"]["bpcer"] == {"errors": 0, "trials": 1, "value": 0.0, "interval": [0.0, 0.975]}
    assert figures["non_response"]["apnrr"]["print"]["errors"] == 1
    assert figures["non_response"]["codes"] == {"unsupported_video": 1}
    assert "words.mp4" in (out / "report.html").read_text()


def test_second_run_judges_missing_clips_only(data: Path, done: tuple[Done, Path], tmp_path: Path) -> None:
    lines = (done[1] / "scores.csv").read_text().splitlines(keepends=True)
    # a score that no engine would give shows that the line is kept; the last line is cut off in the middle
    kept = lines[1].rsplit(",", 1)[0] + ",0.123\n"
    (tmp_path / "scores.csv").write_text(lines[0] + kept + lines[2] + lines[3][:9])
    again = run(data, "--out", tmp_path, "--json")
    assert again.returncode == 0, again.stderr
    scores = read(tmp_path / "scores.csv")
    assert [score.name for score in scores] == ["person.mp4", "phone.mp4", "words.mp4"]
    assert scores[0].score == 0.123
    assert scores[2].code == "unsupported_video"
    assert json.loads(again.stdout)["points"]["engine"]["bpcer"]["errors"] == 1


def test_threshold_comes_from_another_file(data: Path, done: tuple[Done, Path], tmp_path: Path) -> None:
    shutil.copy(done[1] / "scores.csv", tmp_path / "scores.csv")
    dev = tmp_path / "dev.csv"
    dev.write_text("test_label,is_bonafide,attack_type,score\na,True,,1.0\nb,False,print,0.999\n")
    process = run(data, "--out", tmp_path, "--threshold-from", dev)
    assert process.returncode == 0, process.stderr
    assert "HTER" in process.stdout
    figures = json.loads((tmp_path / "metrics.json").read_text())
    # midway between 1.0 and .999: the person is refused there
    assert figures["points"]["dev"]["threshold"] == pytest.approx(0.9995)
    assert figures["points"]["dev"]["bpcer"]["errors"] == 1


def test_a_clip_has_to_answer_its_challenge(data: Path, tmp_path: Path) -> None:
    for name in ("person.mp4", "phone.mp4"):
        shutil.copy(data.parent / name, tmp_path)
    asked = Challenge.new("asked", bytes(16)).to_dict()
    nothing = asked | {"challengeId": "second", "bits": 0.0, "steps": asked["steps"][:1]}
    (tmp_path / "asked.json").write_text(json.dumps(asked))
    manifest, out = tmp_path / "manifest.csv", tmp_path / "out"
    manifest.write_text("path,label,attack_type,challenge\nperson.mp4,live,,asked.json\nphone.mp4,spoof,replay,\n")
    done = CliRunner().invoke(app, ["evaluate", str(manifest), "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert "answered, bona fide" in done.output
    person, phone = read(out / "scores.csv")
    assert (person.verdict, person.challenge, person.freshness) == ("inconclusive", "asked", "not_answered")
    assert phone.freshness == ""
    figures = json.loads((out / "metrics.json").read_text())
    assert figures["freshness"] == {"bona fide": {"not_answered": 1}}
    assert figures["points"]["engine"]["bpcer"]["errors"] == 1, "without an answer the person is refused"
    assert "<h2>Challenges</h2>" in (out / "report.html").read_text()
    (tmp_path / "asked.json").write_text(json.dumps(nothing))
    assert CliRunner().invoke(app, ["evaluate", str(manifest), "--out", str(out)]).exit_code == 0
    scores = read(out / "scores.csv")
    assert [(score.name, score.challenge) for score in scores[2:]] == [("person.mp4", "second")], "only judged again"


def test_training_clips_are_left_out(data: Path, tmp_path: Path) -> None:
    shutil.copy(data.parent / "words.mp4", tmp_path)
    (tmp_path / "manifest.csv").write_text("path,label,group\nwords.mp4,live,test\n")
    (tmp_path / "other.mp4").write_text("no video\n")
    with (tmp_path / "manifest.csv").open("a") as file:
        file.write("other.mp4,spoof,train\n")
    process = run(tmp_path / "manifest.csv", "--out", tmp_path / "out")
    assert process.returncode == 3, "nothing could be judged"
    assert "nothing could be judged: unsupported_video (1)" in process.stderr
    assert "1 presentations of the group train are left out" in process.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere.csv", "--out", "OUT"], "no manifest nowhere.csv"),
        (["DATA"], "--out"),
        (["DATA", "--out", "OUT", "--layout", "youtube"], "no layout 'youtube'"),
        (["DATA", "--out", "OUT", "--layout", "siw"], "is not a folder"),
        (["DATA", "--out", "OUT", "--threshold-from", "DATA"], "needs the column 'test_label'"),
        (["DATA", "--out", "DATA/results"], "manifest.csv"),
    ],
)
def test_wrong_usage_exits_with_64_and_a_message(data: Path, tmp_path: Path, arguments: list[str], words: str) -> None:
    process = run(*(word.replace("DATA", str(data)).replace("OUT", str(tmp_path / "out")) for word in arguments))
    assert process.returncode == 64
    assert words in " ".join(process.stderr.split())
    assert "Traceback" not in process.stderr


def test_missing_extra_is_reported(data: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", WITHOUT_LAB, "evaluate", str(data), "--out", str(tmp_path)]
    process = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert process.returncode == 69
    assert "pip install 'alive402[lab]'" in process.stderr


def test_single_picture_is_judged_by_the_network_only(person: list[Image], tmp_path: Path) -> None:
    engine = Engine()
    cv2.imwrite(str(tmp_path / "person.png"), person[0])
    cv2.imwrite(str(tmp_path / "wall.jpg"), person[0] * 0 + 128)
    (tmp_path / "words.png").write_text("no picture")
    assert engine.judge(tmp_path / "person.png").score > 0.5
    assert engine.judge(tmp_path / "wall.jpg").code == "no_face"
    assert engine.judge(tmp_path / "words.png").code == "unsupported_video"
    assert engine.judge(tmp_path / "nowhere.png").code == "file_unreadable"

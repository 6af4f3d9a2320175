"""Tests of `alive402 analyze`: exit codes, JSON lines, the report page."""

from __future__ import annotations

import json
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import pytest

from alive402 import __version__
from alive402.demo import Clips
from tests.cli.running import run, start
from tests.conftest import Image
from tests.intake import heif_files


def test_analyze_prints_verdict_with_reasons(short_clips: Clips) -> None:
    done = start("analyze", short_clips.bona_fide)
    assert done.returncode == 0
    assert "LIVE" in done.stdout
    assert "because" in done.stdout
    assert done.stderr == ""


def test_analyze_json_prints_one_object_per_line(short_clips: Clips, tmp_path: Path) -> None:
    words = tmp_path / "words.mp4"
    words.write_text("no video\n" * 100)
    done = run("analyze", "--json", short_clips.bona_fide, words, short_clips.attack)
    first, second, third = (json.loads(line) for line in done.stdout.splitlines())
    assert done.returncode == 3, "the highest of live, unusable and spoof"
    assert (first["input"], first["verdict"]) == (str(short_clips.bona_fide), "live")
    assert second == {"input": str(words), "error": second["error"]}
    assert second["error"]["code"] == "unsupported_video"
    assert third["verdict"] == "spoof"
    assert done.stderr == ""


def test_analyze_judges_a_single_picture(person: list[Image], tmp_path: Path) -> None:
    # A picture is known by its bytes, whatever it is named.
    picture, nobody, phone = tmp_path / "face.mp4", tmp_path / "wall.png", tmp_path / "phone.heic"
    phone.write_bytes(heif_files.whole(person[60]))
    picture.write_bytes(cv2.imencode(".jpg", person[60])[1].tobytes())
    cv2.imwrite(str(nobody), person[60] * 0 + 128)
    aloud = run("analyze", picture, "--report", tmp_path / "report.html")
    assert aloud.returncode == 0
    assert "LIVE" in aloud.stdout
    assert "a single picture, 176 x 144 jpeg" in aloud.stdout
    assert "No report was written" in aloud.stderr
    told = run("analyze", "--json", picture, nobody, phone)
    first, second, third = (json.loads(line) for line in told.stdout.splitlines())
    assert (first["verdict"], first["image"]["format"], "cues" in first) == ("live", "jpeg", False)
    assert (told.returncode, second["error"]["code"]) == (3, "no_face")
    assert (third["verdict"], third["image"]["format"]) == ("live", "heic")


def test_analyze_exits_with_1_on_spoof(short_clips: Clips) -> None:
    done = run("analyze", short_clips.attack)
    assert done.returncode == 1
    assert "re-filmed from a screen" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["analyze", "nowhere.mp4"], 3),
        (["analyze"], 64),
        (["analyze", "--nonsense", "x.mp4"], 64),
        (["analyze", "x.mp4", "--hardware-decoding", "nonsense"], 64),
        (["analyze", "x.mp4", "--report", "no/such/folder/report.html"], 64),
        (["nonsense"], 64),
    ],
)
def test_analyze_failures_have_exit_codes(arguments: list[str], code: int) -> None:
    done = run(*arguments)
    assert done.returncode == code
    assert "Traceback" not in done.stdout + done.stderr


def test_help_shows_examples_and_version() -> None:
    assert run("--version").stdout.strip() == __version__
    said = run("analyze", "--help").stdout
    assert "Examples" in said
    assert "alive402 analyze selfie.mp4" in said


def test_report_page_is_self_contained(short_clips: Clips, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    assert run("analyze", short_clips.bona_fide, short_clips.attack, "--report", page).returncode == 1
    html = page.read_text()
    assert html.count("<article") == 2
    assert html.count("data:image/jpeg;base64,") >= 20
    assert "polyline" in html
    shown = "appearance planar frozen puppet drawn overlay bezel moire repeats flicker pulse"
    assert all(name in html for name in shown.split())
    without_pictures = html.replace("data:image/jpeg;base64,", "")
    assert not any(outside in without_pictures for outside in ("http://", "https://", "<script", "@import", "url("))


def test_hostile_file_name_is_escaped(short_clips: Clips, tmp_path: Path) -> None:
    hostile = tmp_path / "<img src=x onerror=alert(1)>[bold].mp4"
    hostile.write_bytes(short_clips.bona_fide.read_bytes())
    page = tmp_path / "report.html"
    done = run("analyze", hostile, "--report", page)
    assert done.returncode == 0
    assert "[bold].mp4" in done.stdout
    assert "<img src=x" not in page.read_text()


def test_private_url_is_fetched_only_when_allowed(short_clips: Clips) -> None:
    handler = partial(_Quiet, directory=str(short_clips.bona_fide.parent))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/{short_clips.bona_fide.name}"
        refused = json.loads(run("analyze", "--json", url).stdout)
        allowed = run("analyze", "--json", "--allow-private-hosts", url)
        server.shutdown()
    assert refused["error"]["code"] in ("forbidden_address", "invalid_url")
    assert json.loads(allowed.stdout)["verdict"] == "live"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *words: object) -> None:
        pass


def test_models_are_listed() -> None:
    rows = json.loads(run("models", "list", "--json").stdout)
    needed = {"two_view", "face_short", "face_full", "face_mesh"}
    assert needed < set(rows)
    assert all(rows[name]["installed"] for name in needed)
    assert all(row["licence"] == "Apache-2.0" for row in rows.values())
    assert "installed" in run("models", "list").stdout
    assert run("models", "install").returncode == 0

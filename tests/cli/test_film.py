"""Tests of `alive402 challenge film` without a browser: the routes of its page, and who may use them."""

from __future__ import annotations

import http.client
import json
import queue
import re
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner, Result

from alive402.cli.challenge.loopback import Filming, FilmRefused, served
from alive402.cli.judging import EXIT
from alive402.cli.main import app
from alive402.demo import Take, film_answer
from alive402.demo.answers import Person
from alive402.liveness import Challenge, ChallengeOptions
from tests.e2e.pages import block

# A person who always answers in time; the person of the demonstration is late once in a hundred challenges.
PROMPT = Person(reaction=(0.5, 0.05), rise=(0.4, 0.05))


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def filming(tmp_path: Path) -> Filming:
    return Filming(tmp_path, ChallengeOptions(steps=3), Clock())


@pytest.fixture
def page(filming: Filming) -> Iterator[httpx.Client]:
    with served(filming) as address, httpx.Client(base_url=address) as client:
        yield client


def test_a_clip_is_written_with_its_challenge(filming: Filming, page: httpx.Client) -> None:
    name = filming.challenge.challenge_id
    path = f"api/challenges/{name}"
    assert page.get(path).json() == {"challengeId": name, "state": "issued"}
    begun = page.post(f"{path}/begin", content=b"").json()
    assert Challenge.from_dict(begun) == filming.challenge
    assert (len(begun["steps"]), begun["fitted"], begun["capture"]["width"]) == (3, False, 640)
    assert page.get(path).json()["state"] == "begun"
    assert not filming.done.is_set()
    kept = page.post(f"{path}/clip", content=b"film", headers={"Content-Type": "video/mp4"})
    assert (kept.status_code, kept.json()["challengeId"]) == (201, name)
    assert filming.done.wait(10)
    assert filming.clip == filming.folder / f"challenge-{name[:8]}.mp4"
    assert filming.clip.read_bytes() == b"film"
    assert Challenge.from_dict(json.loads(filming.clip.with_suffix(".json").read_text())) == filming.challenge
    assert page.get(path).json()["state"] == "filmed"
    again = page.post(f"{path}/clip", content=b"other")
    assert (again.status_code, again.json()["code"]) == (409, "challenge_used")


def test_steps_are_returned_once_and_not_before_a_clip(filming: Filming) -> None:
    name = filming.challenge.challenge_id
    assert refused(lambda: filming.keep(name, b"film", "video/webm")) == (409, "challenge_not_begun")
    filming.begin(name)
    assert refused(lambda: filming.begin(name)) == (409, "challenge_begun")
    assert refused(lambda: filming.begin("x")) == (404, "challenge_unknown")
    assert refused(lambda: filming.keep(name, b"", "video/webm")) == (400, "invalid_input")
    filming.clock.now += filming.challenge.seconds + 46  # type: ignore[attr-defined]
    assert refused(lambda: filming.keep(name, b"film", "video/webm")) == (410, "challenge_expired")
    assert not list(filming.folder.iterdir())


def refused(work: Any) -> tuple[int, str]:
    with pytest.raises(FilmRefused) as error:
        work()
    return error.value.status, error.value.code


def test_the_person_may_ask_for_other_movements(filming: Filming, page: httpx.Client) -> None:
    before = filming.challenge
    drawn = page.post("api/challenges", json={"avoid": ["look_up", "look_down"], "pace": "slow"})
    assert (drawn.status_code, drawn.json()["challengeId"]) == (201, filming.challenge.challenge_id)
    assert {step.kind for step in filming.challenge.steps} <= {"turn_left", "turn_right", "open_mouth"}
    assert {step.seconds for step in filming.challenge.steps} == {4.0}
    assert page.post(f"api/challenges/{before.challenge_id}/begin", content=b"").status_code == 404
    for wishes in (b"{", b"[]", b'{"avoid": ["blink"]}', b'{"avoid": 7}', b'{"pace": {}}'):
        assert page.post("api/challenges", content=wishes).json()["code"] == "invalid_input"


def test_the_page_is_for_its_own_address_only(filming: Filming, page: httpx.Client) -> None:
    shown = page.get("")
    assert shown.status_code == 200
    assert f'challenge="{filming.challenge.challenge_id}"' in shown.text
    assert "default-src 'none'" in shown.headers["Content-Security-Policy"]
    assert page.get("static/js/film.js").headers["Content-Type"] == "text/javascript"
    base = str(page.base_url)
    outside = base[: base.index("/", 8)]
    for address in (f"{outside}/", f"{outside}/api/challenges", f"{base}static/js/../../film.html", f"{base}nothing"):
        assert page.get(address).status_code == 404
    begin = f"api/challenges/{filming.challenge.challenge_id}/begin"
    for headers in ({"Host": "evil.example"}, {"Origin": "https://evil.example"}, {"Origin": "null"}):
        assert page.post(begin, content=b"", headers=headers).status_code == 404
    assert filming.state(filming.challenge.challenge_id)["state"] == "issued"


@pytest.mark.parametrize(("length", "status"), [("30000001", 413), ("-1", 411), ("x", 411)])
def test_clips_state_a_length_that_fits(page: httpx.Client, length: str, status: int) -> None:
    plain = http.client.HTTPConnection(page.base_url.host, page.base_url.port or 0, timeout=30)
    plain.putrequest("POST", f"{page.base_url.path}api/challenges/x/clip")
    plain.putheader("Content-Length", length)
    plain.endheaders()
    assert plain.getresponse().status == status
    plain.close()


def test_a_clip_that_breaks_off_is_not_the_answer(
    filming: Filming, page: httpx.Client, capsys: pytest.CaptureFixture[str]
) -> None:
    name = filming.challenge.challenge_id
    page.post(f"api/challenges/{name}/begin", content=b"")
    plain = http.client.HTTPConnection(page.base_url.host, page.base_url.port or 0, timeout=30)
    plain.putrequest("POST", f"{page.base_url.path}api/challenges/{name}/clip")
    plain.putheader("Content-Length", "1000")
    plain.endheaders(b"half")
    assert plain.sock is not None
    plain.sock.shutdown(socket.SHUT_WR)
    assert plain.sock.recv(1) == b"", "the connection is closed without an answer"
    plain.close()
    assert page.post(f"api/challenges/{name}/clip", content=b"whole").status_code == 201
    assert filming.clip is not None
    assert filming.clip.read_bytes() == b"whole"
    assert "Traceback" not in capsys.readouterr().err


def test_a_clip_whose_answer_is_lost_counts_once(
    filming: Filming, page: httpx.Client, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    name = filming.challenge.challenge_id
    path = f"api/challenges/{name}"
    page.post(f"{path}/begin", content=b"")
    plain = http.client.HTTPConnection(page.base_url.host, page.base_url.port or 0, timeout=30)
    plain.connect()
    sending, keep = plain.sock, filming.keep

    def keep_and_reset(*clip: Any) -> dict[str, Any]:
        kept = keep(*clip)
        sending.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sending.close()
        return kept

    monkeypatch.setattr(filming, "keep", keep_and_reset)
    plain.request("POST", f"{page.base_url.path}{path}/clip", body=b"film")
    assert filming.done.wait(10), "the command goes on with the clip"
    monkeypatch.setattr(filming, "keep", keep)
    again = page.post(f"{path}/clip", content=b"film")
    assert filming.clip is not None
    assert (again.status_code, again.json()) == (201, {"challengeId": name, "url": filming.clip.as_uri()})
    other = page.post(f"{path}/clip", content=b"other")
    assert (other.status_code, other.json()["code"]) == (409, "challenge_used")
    assert filming.clip.read_bytes() == b"film"
    assert len(list(filming.folder.iterdir())) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_film_judges_the_clip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("answers").mkdir()
    command = block("challenge.md", "challenge film").split()[3:]
    with running(monkeypatch, *command, "--json") as (address, ended):
        (name,) = re.findall(r' challenge="([^"]+)"', httpx.get(address).text)
        path = f"{address}api/challenges/{name}"
        asked = Challenge.from_dict(httpx.post(f"{path}/begin", content=b"").json())
        answer = film_answer(asked, tmp_path / "rendered.mp4", Take(size=(320, 240), rate=15, person=PROMPT))
        kind = {"Content-Type": "video/mp4"}
        assert httpx.post(f"{path}/clip", content=answer.read_bytes(), headers=kind).status_code == 201
        done = ended.get(timeout=60)
    # The movements are drawn at random, and in some the analysis finds that the face is rendered.
    told = json.loads(done.stdout)
    assert told["freshness"]["status"] == "answered"
    assert done.exit_code == EXIT[told["verdict"]], done.output
    assert Path(told["input"]).with_suffix(".json").exists()
    assert f"Film the answer at {address}" in done.stderr


@contextmanager
def running(monkeypatch: pytest.MonkeyPatch, *options: str) -> Iterator[tuple[str, queue.Queue[Result]]]:
    """The command in a thread; its page's address, and where its result comes."""
    opened: queue.Queue[str] = queue.Queue()
    ended: queue.Queue[Result] = queue.Queue()
    monkeypatch.setattr("webbrowser.open", opened.put)
    command = ["challenge", "film", "--steps", "3", *options]
    thread = threading.Thread(target=lambda: ended.put(CliRunner().invoke(app, command)), daemon=True)
    thread.start()
    yield opened.get(timeout=60), ended
    thread.join(60)


def test_without_a_clip_film_ends(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["challenge", "film", "--out", str(tmp_path), "--no-open", "--wait", "1"])
    assert (done.exit_code, "no clip came in 1 seconds" in done.stderr) == (3, True)
    assert CliRunner().invoke(app, ["challenge", "film", "--out", str(tmp_path / "none")]).exit_code == 64
    done = CliRunner().invoke(app, ["challenge", "film", "--steps", "2"])
    assert (done.exit_code, "3 to 8 steps" in done.stderr) == (64, True)

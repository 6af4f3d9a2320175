"""Tests of the commands of docs/quickstart.md and other pages, on one service that `make serve` starts."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pyarrow.parquet as parquet
import pytest

from alive402.demo import Clips, serve_files
from tests.e2e.pages import ROOT, block

VERDICTS = {"live", "spoof", "inconclusive"}


@dataclass(frozen=True)
class Place:
    """A checkout with a running service: its address, its test wallet's key, and a shell."""

    folder: Path
    environment: dict[str, str]
    url: str
    wallet_key: str
    page: str

    def type(self, script: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run commands unchanged; each must succeed."""
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=self.folder,
            env={**self.environment, "SERVICE": self.url, **more},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done


@pytest.fixture(scope="module")
def place(short_clips: Clips, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    if shutil.which("make") is None or shutil.which("curl") is None:
        pytest.skip("the pages' commands need make and curl")
    folder = tmp_path_factory.mktemp("checkout")
    (folder / ".venv").symlink_to(sys.prefix)
    (folder / "Makefile").symlink_to(ROOT / "Makefile")
    shutil.copy(short_clips.bona_fide, folder / "selfie.mp4")
    shutil.copy(short_clips.attack, folder / "replay.mp4")
    (folder / "clips.csv").write_text("path,label,attack\nselfie.mp4,live,\nreplay.mp4,spoof,replay/phone\n")
    clean = {name: value for name, value in os.environ.items() if name == "ALIVE402_CACHE" or "ALIVE402" not in name}
    environment = {
        **clean,
        "PATH": f"{sys.prefix}/bin:{os.environ['PATH']}",
        "COLUMNS": "120",
        "ALIVE402_PORT": "0",
        "ALIVE402_ALLOW_PRIVATE_HOSTS": "true",
        "ALIVE402_DATABASE_URL": f"sqlite+aiosqlite:///{folder / 'ledger.db'}",
    }
    command = block("quickstart.md", "make serve")
    assert command == block("README.md", "make serve")
    service = subprocess.Popen(
        # What is set up already is not set up again.
        ["bash", "-ec", command.replace("make ", "make -o .venv/.ready ")],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=(folder / "server.log").open("wb"),
        text=True,
        start_new_session=True,
    )
    assert service.stdout is not None
    try:
        said = ""
        while not said.endswith("}'\n") and (line := service.stdout.readline()):
            said += line
        found = re.search(r"is at (\S+)\n  try it   (\S+) .*private key  (0x[0-9a-f]{64})\n", said, re.DOTALL)
        assert found, (folder / "server.log").read_text()[-2000:]
        yield Place(folder, environment, found[1], found[3], found[2])
    finally:
        os.killpg(service.pid, signal.SIGTERM)
        service.wait(30)
        service.stdout.close()


def test_make_demo_runs_the_demo(place: Place) -> None:
    """The output of `alive402 demo` is tested in test_demo.py."""
    command = block("README.md", "make demo").replace("make ", "make -n --no-print-directory -o .venv/.ready ")
    assert place.type(command).stdout == ".venv/bin/alive402 demo\n"


def test_quickstart_prints_verdicts(place: Place) -> None:
    """The browser's part is tested in tests/web/test_try.py."""
    assert "Try it" in httpx.get(place.page).text
    assert "LIVE" in place.type(block("quickstart.md", "alive402 analyze")).stdout
    assert "<html" in (place.folder / "selfie.html").read_text()

    (place.folder / "buy.py").write_text(block("quickstart.md", "import x402Client"))
    ask = block("quickstart.md", "-d '{}'").replace("http://127.0.0.1:8402", place.url)
    buy = block("quickstart.md", "python buy.py").replace("0x…", place.wallet_key)
    spend = block("quickstart.md", '/api/uploads" -H')
    check = block("quickstart.md", "verify-receipt")
    done = place.type(f"{ask}\necho\n{buy}\n{spend}\n{check}")
    asked, second, verified, *_ = done.stdout.splitlines()
    assert {each["maxAmountRequired"] for each in json.loads(asked)["accepts"]} == {"200000"}
    assert done.stderr.split()[-1] == second
    assert second in VERDICTS
    assert verified == "VERIFIED"

    jwks = f"{place.url}/.well-known/jwks.json"
    again = place.type(block("pay.md", "verify-receipt").replace("https://example.com/.well-known/jwks.json", jwks))
    assert re.search(rf"^VERIFIED\n  verdict +{second}, live confidence .*  paid by +0x", again.stdout, re.DOTALL)


def test_file_commands_judge_files(place: Place) -> None:
    assert re.search(r"LIVE +live confidence .*\n +because", place.type(block("README.md", "alive402 analyze")).stdout)
    script = block("README.md", "import analyze") + block("api.md", "import UnusableVideo")
    script += block("api.md", "import cv2") + block("api.md", "import analyze_many")
    (place.folder / "one").mkdir()
    (place.folder / "one" / "selfie.mp4").symlink_to(place.folder / "selfie.mp4")
    said = place.type('cd one && python -c "$SCRIPT"', SCRIPT=script).stdout
    assert said.startswith("live ")
    assert "selfie-judged.mp4" in said
    assert "('selfie.mp4', 'live', None)" in said


def test_data_set_commands_judge_data_sets(place: Place) -> None:
    place.type(block("batch.md", "batch clips.csv"))
    rows = parquet.read_table(place.folder / "results.parquet").to_pylist()
    assert [(row["location"], row["verdict"] in VERDICTS) for row in rows] == [
        ("selfie.mp4", True),
        ("replay.mp4", True),
    ]
    place.type(block("accuracy.md", "evaluate clips.csv"))
    assert {each.name for each in (place.folder / "results").iterdir()} == {"scores.csv", "metrics.json", "report.html"}


def made(place: Place, line: str) -> tuple[str, str]:
    """The id of a key that a command creates, and the command's output."""
    done = place.type(line)
    found = re.search(r"^(key_\w+): ", done.stderr, re.MULTILINE)
    assert found
    return found[1], done.stdout.strip()


def test_key_commands_give_access(place: Place, short_clips: Clips) -> None:
    create, rest = block("accept-payments.md", "keys create").split("\n", 1)
    number, key = made(place, create)
    with serve_files(short_clips.bona_fide.parent) as videos:
        url = f"{videos}/{short_clips.bona_fide.name}"
        done = place.type(rest.replace("https://…", url).replace("key_0123456789ab", number), KEY=key).stdout
    answer, _ = json.JSONDecoder().raw_decode(done)
    assert answer["data"]["Liveness"]["verdict"] in VERDICTS
    tool = f"{place.url}/api/tools/video-face-liveness-detection"
    refused = httpx.post(tool, headers={"X-Api-Key": key}, json={"VideoUrl": url})
    assert (refused.status_code, refused.json()["code"]) == (401, "api_key_refused")


def test_key_commands_credit_prepaid_keys(place: Place) -> None:
    create, rest = block("alibaba.md", "keys credit").split("\n", 1)
    number, _ = made(place, create)
    listed = place.type(rest.replace("key_0123456789ab", number)).stdout
    (row,) = [line for line in listed.splitlines() if line.startswith(number)]
    assert re.search(r"\b100\b", row)


def test_webhook_settings_are_accepted(place: Place) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("the page's command needs openssl")
    show = 'python -c "from alive402.settings import Settings; print(*Settings().webhook_urls)"'
    command = block("accept-payments.md", "ALIVE402_WEBHOOK_URLS=")
    said = place.type(f"{command}\nalive402 webhooks list\n{show}").stdout
    assert "https://ops.example.com/hooks/alive402" in said


def test_route_table_lists_every_route(place: Place) -> None:
    document = httpx.get(f"{place.url}/openapi.json").json()["paths"]
    routes = {
        (f"{verb.upper()} {path}", told["summary"]) for path, ways in document.items() for verb, told in ways.items()
    }
    rows = re.findall(r"^\| `([A-Z]+ /[^`]*)` \| (.*) \|$", (ROOT / "docs" / "api.md").read_text(), re.MULTILINE)
    assert set(rows) == routes
    assert len(rows) == len(routes)

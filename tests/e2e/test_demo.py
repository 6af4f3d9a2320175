"""Tests of `alive402 demo` and of `alive402 serve` with a bad configuration."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.cli.running import COMMAND, run


def test_demo_shows_two_charges_a_refusal_and_a_challenge(tmp_path: Path) -> None:
    clean = {name: value for name, value in os.environ.items() if name == "ALIVE402_CACHE" or "ALIVE402" not in name}
    done = subprocess.run(
        [COMMAND, "demo"],
        cwd=tmp_path,
        env={**clean, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "HTTP 402" in done.stdout
    assert len(re.findall(r"verdict\s+(live|spoof|inconclusive)", done.stdout)) == 4
    assert len(re.findall(r"answer\s+(answered|not_answered|unclear):", done.stdout)) == 2
    assert len(re.findall(r"on chain 0x[0-9a-f]{64}", done.stdout)) == 2
    assert "HTTP 409" in done.stdout
    assert "4.60 test dollars" in done.stdout
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "environment", "code", "sentence"),
    [
        (["--network", "base"], {}, 64, "set ALIVE402_PAY_TO"),
        (["--network", "base", "--pay-to", "0x1"], {}, 64, "ALIVE402_PAY_TO is not an address"),
        (["--network", "moon"], {}, 64, "ALIVE402_NETWORK=moon is unknown"),
        (["--network", "base", "--pay-to", "0x" + "a" * 40], {}, 64, "needs ALIVE402_FACILITATOR_URL"),
        (
            ["--network", "base", "--pay-to", "0x" + "a" * 40, "--facilitator-url", "http://127.0.0.1:9"],
            {},
            64,
            "needs ALIVE402_RPC_URL",
        ),
        (
            ["--network", "base-sepolia", "--pay-to", "0x" + "a" * 40],
            {"ALIVE402_FACILITATOR_URL": "http://127.0.0.1:9", "ALIVE402_RPC_URL": "http://127.0.0.1:9"},
            78,
            "does not answer at /supported",
        ),
        ([], {"ALIVE402_PORT": "none"}, 64, "ALIVE402_PORT"),
        ([], {"ALIVE402_DATABASE_URL": "sqlite+aiosqlite:////proc/none/ledger.db"}, 78, "ledger cannot be opened"),
    ],
)
def test_serve_reports_why_it_does_not_start(
    tmp_path: Path, arguments: list[str], environment: dict[str, str], code: int, sentence: str
) -> None:
    done = run("serve", *arguments, folder=tmp_path, COLUMNS="200", **environment)
    assert (done.returncode, sentence in done.stderr) == (code, True), done.stderr
    assert "Traceback" not in done.stderr

"""Tests of `alive402 buy`: what it prints, its exit codes, and that a purchase without an answer can be resumed."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path

import pytest
from eth_account import Account
from typer.testing import CliRunner, Result

from alive402 import Client
from alive402.cli.main import app
from alive402.demo import Clips
from tests.conftest import shortened
from tests.e2e.pages import block
from tests.http.conftest import Service
from tests.http.gateways import gateway
from tests.http.test_api_keys import made
from tests.http.test_client import TOOL


def buy(*words: str, **environment: str) -> Result:
    return CliRunner().invoke(app, ["buy", *words], env=environment)


def test_command_of_the_page_buys(
    service: Service, clips: Clips, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    wallet, video = Account.create(), tmp_path / "face.mp4"
    Path("key.txt").write_text("0x" + bytes(wallet.key).hex())
    shortened(clips.bona_fide, video)
    with Client(service.url, wallet=wallet) as buyer:
        buyer.fund()
    command = block("client.md", "alive402 buy").replace("$VIDEO", str(video)).replace("$SERVICE", service.url)
    bought = CliRunner().invoke(app, shlex.split(command)[1:])
    assert bought.exit_code in (0, 2), bought.output
    assert "paid         200000 atomic units on eip155:84532" in bought.stdout
    assert "verified, signed by" in bought.stdout
    assert "paying 0.2 USD …" in bought.stderr
    keys = f"{service.url}/.well-known/jwks.json"
    assert CliRunner().invoke(app, ["verify-receipt", "answer.json", "--jwks", keys]).exit_code == 0
    # As with the extra `client` alone, which has nothing of a service.
    monkeypatch.setitem(sys.modules, "alive402.services", None)
    assert CliRunner().invoke(app, ["verify-receipt", "answer.json", "--jwks", keys]).exit_code == 0
    Path("answer.json").write_text(Path("answer.json").read_text().replace('"confidence"', '"confidences"'))
    Path("answer.json").write_text(Path("answer.json").read_text().replace("Liveness", "Livenes"))
    assert CliRunner().invoke(app, ["verify-receipt", "answer.json", "--jwks", keys]).exit_code == 1


def test_key_of_the_environment_pays_nothing(service: Service, videos: str) -> None:
    key = made(service, "call")["key"]
    bought = buy(f"{videos}/attack.mp4", "--json", BUYER_SERVICE=service.url, BUYER_API_KEY=key)
    told = json.loads(bought.stdout)
    assert bought.exit_code == {"live": 0, "spoof": 1, "inconclusive": 2}[told["verdict"]]
    assert (told["payment"], told["answer"]["requestId"]) == (None, told["requestId"])
    assert "judging" not in bought.stderr
    unusable = buy(f"{videos}/empty.mp4", "--json", BUYER_SERVICE=service.url, BUYER_API_KEY=key)
    assert unusable.exit_code == 3
    assert json.loads(unusable.stdout)["error"]["code"] == "no_face"


def test_purchase_without_an_answer_is_resumed(
    service: Service, videos: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with gateway(service.url) as between:
        between.faults[TOOL] = ["", "lose"]
        lost = buy(f"{videos}/face.mp4", "--service", between.url, "--test-money", "--wait", "0")
        assert lost.exit_code == 69
        assert "not known whether it was charged" in lost.stderr
        (kept,) = tmp_path.glob("alive402-purchase-*.json")
        assert f"alive402 buy --resume {kept.name}" in lost.stderr
        assert kept.stat().st_mode & 0o777 == 0o600
        resumed = buy("--resume", kept.name)
        assert resumed.exit_code in (0, 2), resumed.output
        assert len(set(between.signatures)) == 1
    assert not kept.exists()
    assert "200000 atomic units" in resumed.stdout


def test_wallet_without_money_is_not_charged(service: Service, videos: str, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("0x" + bytes(Account.create().key).hex() + "\n")
    given = (f"{videos}/face.mp4", "--service", service.url, "--wallet", str(key))
    refused = buy(*given)
    assert refused.exit_code == 77
    assert "(payment_invalid; nothing was charged)" in refused.stderr
    capped = buy(*given, "--max-usd", "0.1")
    assert capped.exit_code == 77
    assert "at most 0.10 USD" in capped.stderr


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ((), 64, "give a file or URL"),
        (("a.mp4",), 64, "--service"),
        (("a.mp4", "--service", "http://127.0.0.1:9"), 66, "a.mp4 cannot be read"),
        (("a.mp4", "--service", "example.com", "--test-money"), 77, "begins with https"),
        (("a.mp4", "--service", "http://127.0.0.1:9", "--test-money", "--max-usd", "no"), 64, "amount of dollars"),
        (("http://a/", "--service", "http://127.0.0.1:9"), 77, "Give one means to pay"),
        (("http://a/", "--service", "http://127.0.0.1:9", "--test-money", "--wait", "0"), 69, "does not answer"),
        (("--resume", "none.json"), 66, "cannot be read"),
        (("a", "--service", "http://a", "--token", "none"), 66, "cannot be read"),
    ],
)
def test_mistakes_are_named(
    words: tuple[str, ...], code: int, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    refused = buy(*words)
    assert (refused.exit_code, refused.stdout) == (code, "")
    assert message in refused.stderr

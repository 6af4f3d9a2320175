"""Tests of signed verdicts: the same bytes at every fetch, verifiable without the service."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from typer.testing import CliRunner, Result

from alive402.cli.main import app
from alive402.demo import Buyer, receipt
from alive402.liveness import model_files
from alive402.receipts import SigningKeys, verified
from alive402.receipts.verification import ALGORITHM, TYPE
from tests.http.conftest import Service, Start

pytestmark = pytest.mark.anyio


async def get(url: str) -> httpx.Response:
    async with httpx.AsyncClient() as http:
        return await http.get(url)


def check(text: str, jwks: str, *options: str) -> Result:
    """Run `alive402 verify-receipt` in this process; a start of Python costs seconds."""
    return CliRunner().invoke(app, ["verify-receipt", "-", "--jwks", jwks, *options], input=text)


def command(*words: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run `alive402` in a process of its own."""
    line = [sys.executable, "-c", "from alive402.cli.main import main; main()", *words]
    return subprocess.run(line, capture_output=True, text=True, timeout=60, check=False, **options)


async def test_verdict_names_judgement_video_engine_and_payment(service: Service, videos: str) -> None:
    async with Buyer(service.url) as buyer:
        await buyer.fund()
        bought = await buyer.pay(f"{videos}/face.mp4")
        again = await buyer.send(f"{videos}/face.mp4", buyer.signature)
    data, settled = bought.json()["data"], receipt(bought)
    assert again.json()["data"]["Receipt"] == data["Receipt"]
    jwks = await get(f"{service.url}/.well-known/jwks.json")
    assert (jwks.status_code, jwks.headers["Content-Type"]) == (200, "application/json")
    claims = verified(data["Receipt"], jwks.json())
    report = data["Liveness"]
    assert claims["requestId"] == bought.json()["requestId"]
    assert (claims["verdict"], claims["confidence"]) == (report["verdict"], report["live_confidence"])
    assert claims["videoSha256"] == report["video"]["sha256"]
    assert (claims["engine"], claims["weightsSha256"]) == tuple(report["engine"].values())
    assert claims["payment"] == {
        "network": settled.network,
        "transaction": settled.transaction,
        "payer": buyer.account.address,
        "amount": "200000",
    }
    assert claims["iat"] > 1_700_000_000
    assert len(data["Receipt"]) < 1600


async def test_command_line_verifies_a_verdict(service: Service, videos: str, tmp_path: Path) -> None:
    async with Buyer(service.url) as buyer:
        await buyer.fund()
        answer = (await buyer.pay(f"{videos}/face.mp4")).json()
    online = f"{service.url}/.well-known/jwks.json"
    copy = tmp_path / "jwks.json"
    copy.write_text((await get(online)).text)
    whole = command("verify-receipt", "-", "--jwks", online, input=json.dumps(answer))
    assert whole.returncode == 0, whole.stderr
    assert f"verdict    {answer['data']['Liveness']['verdict']}" in whole.stdout
    alone = check(answer["data"]["Receipt"], str(copy), "--json")
    assert alone.exit_code == 0
    assert json.loads(alone.stdout)["claims"]["requestId"] == answer["requestId"]
    # Whole numbers written another way are the same answer; a changed figure anywhere is not.
    assert check(json.dumps(answer, indent=2).replace(".0,", ","), online).exit_code == 0
    stored = (await get(f"{answer['reportUrl']}/answer.json")).text
    assert json.loads(stored)["payment"]
    assert check(stored, online).exit_code == 0
    for altered in (
        {**answer, "requestId": "another"},
        {**answer, "message": "The person is somebody else."},
        {**answer, "data": {**answer["data"], "Elements": []}},
        {**answer, "data": {**answer["data"], "Liveness": {**answer["data"]["Liveness"], "verdict": "x"}}},
    ):
        refused = check(json.dumps(altered), online, "--json")
        assert refused.exit_code == 1
        assert json.loads(refused.stdout)["code"] == "verdict_unverified"
    twice = check(json.dumps(answer)[:-1] + ', "code": "200"}', online)
    assert (twice.exit_code, "twice" in twice.stdout) == (1, True)
    assert "--jwks" in check(json.dumps(answer), str(copy)).stdout
    assert check("nothing of the kind", str(copy)).exit_code == 1
    assert check(answer["data"]["Receipt"], str(tmp_path / "none.json")).exit_code == 66


async def test_token_verdict_names_its_price_and_payment(service: Service, videos: str) -> None:
    async with Buyer(service.url) as buyer:
        await buyer.fund()
        ahead = await buyer.prepay(2)
        answer = await buyer.spend(f"{videos}/face.mp4", buyer.token)
    online = f"{service.url}/.well-known/jwks.json"
    data, settled = answer.json()["data"], receipt(ahead)
    assert settled.amount == "400000"
    assert verified(data["Receipt"], (await get(online)).json())["payment"] == {
        "network": settled.network,
        "transaction": settled.transaction,
        "payer": buyer.account.address,
        "amount": "200000",
        "paymentId": ahead.json()["paymentId"],
    }
    shown = check(answer.text, online)
    assert shown.exit_code == 0, shown.stderr
    assert f"200000 atomic units, one call of payment {ahead.json()['paymentId']}" in shown.stdout


async def test_old_token_verdicts_with_the_whole_amount_are_valid(
    service: Service, videos: str, tmp_path: Path
) -> None:
    """Earlier verdicts of tokens did not name their payment."""
    keys = SigningKeys.open(service.database.with_suffix(".keys.json"))
    async with Buyer(service.url) as buyer:
        await buyer.fund()
        answer = (await buyer.pay(f"{videos}/face.mp4")).json()
    claims = verified(answer["data"]["Receipt"], keys.jwks())
    old = {**claims, "payment": {**claims["payment"], "amount": "2000000"}}
    headers = {"kid": keys.kid, "typ": TYPE}
    answer["data"]["Receipt"] = jwt.encode(old, keys.private, algorithm=ALGORITHM, headers=headers)
    copy = tmp_path / "jwks.json"
    copy.write_text(json.dumps(keys.jwks()))
    del answer["reportUrl"]  # A copy of the keys does not say where this service is, and neither does the verdict.
    shown = check(json.dumps(answer), str(copy))
    assert shown.exit_code == 0, shown.stdout
    assert "2000000 atomic units\n" in shown.stdout


async def test_bought_answer_keeps_its_verdict_after_rotation(start: Start, videos: str) -> None:
    before = start()
    async with Buyer(before.url) as buyer:
        await buyer.fund()
        first = await buyer.pay(f"{videos}/face.mp4")
        payment = buyer.signature
    # The service would be stopped here; that the old process still runs makes it no different.
    SigningKeys.rotate(before.database.with_suffix(".keys.json"))
    after = start(database_url=f"sqlite+aiosqlite:///{before.database}")
    async with Buyer(after.url) as buyer:
        again = await buyer.send(f"{videos}/face.mp4", payment)
    # The same answer at the same report; only the service's own address is another one now.
    assert again.text == first.text.replace(before.url, after.url)
    jwks = (await get(f"{after.url}/.well-known/jwks.json")).json()
    assert len(jwks["keys"]) == 2
    assert verified(first.json()["data"]["Receipt"], jwks)["requestId"] == first.json()["requestId"]


def test_rotate_key_command_rotates_the_key(tmp_path: Path) -> None:
    place = {"ALIVE402_DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path}/till.db"}
    environment = {**os.environ, **place, "ALIVE402_CACHE": str(model_files.cache_folder().parent)}
    for older in (1, 2):
        done = command("rotate-key", env=environment)
        assert done.returncode == 0, done.stderr
        assert f"{older} older public keys stay" in done.stdout
    assert len(SigningKeys.open(tmp_path / "till.keys.json").public) == 3

"""Tests of SIGKILL at each state of a call that names a challenge: one answer, one charge, one use of the challenge.

`CHALLENGE_KILLS=all` runs every moment, on SQLite and on PostgreSQL; `make test` a few of them.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from alive402.challenges import sha256_of
from alive402.cli.main import app
from alive402.demo import TOOL_PATH, Buyer, serve_files
from tests import postgresql
from tests.conftest import Image
from tests.e2e.crash_setup import PRICE, CrashSetup, buy_again, die
from tests.http.challenging import begun, found, naming, still_clip

ALL = os.environ.get("CHALLENGE_KILLS") == "all"
pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("calm")]
# Who may use the challenge after the kill: its own call, and until the answer is stored another payment too.
FREE_AGAIN = [
    "after the facilitator verified",
    "while the challenge is claimed",
    "before `reserved` is committed",
    "after `reserved` is committed",
    "before the video is judged",
    "while the challenge is finished",
    "before `settling` is committed",
]
USED = [
    "after `settling` is committed",
    "before the facilitator settles",
    "after the facilitator settled",
    "before `consumed` is committed",
    "after `consumed` is committed",
]
FEW = {"before the video is judged", "after `settling` is committed"}
WITHOUT_PAYMENT = ["while the challenge is claimed", "before the video is judged", "while the challenge is finished"]


def chosen(moments: list[str]) -> list[str]:
    return [each for each in moments if ALL or each in FEW]


class Challenged(Buyer):
    """A buyer whose call names a new challenge of its own."""

    database_url = ""
    challenge_id = ""

    async def pay(self, video_url: str, path: str = TOOL_PATH) -> httpx.Response:
        self.challenge_id = (await begun(self.database_url, self.account.address)).id
        return await self.buy(naming(video_url, self.challenge_id), path)

    async def send(self, video_url: str, signature: str, path: str = TOOL_PATH) -> httpx.Response:
        given = naming(video_url, self.challenge_id)
        return await self._plain.post(self.url + path, json=given, headers={"PAYMENT-SIGNATURE": signature})


@pytest.fixture(scope="module", params=["sqlite", "postgresql"] if ALL else ["sqlite"])
def database_url(request: pytest.FixtureRequest) -> Iterator[str | None]:
    if request.param == "sqlite":
        yield None
        return
    programs = postgresql.binaries()
    if programs is None:
        pytest.skip(postgresql.NOT_INSTALLED)
    with postgresql.running(programs) as server:
        yield server.database()


@pytest.fixture(scope="module")
def video(person: list[Image], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("videos")
    still_clip(folder / "still.mp4", person[0])
    still_clip(folder / "short.mp4", person[0], seconds=2.0)
    with serve_files(folder) as base:
        yield f"{base}/still.mp4"


@pytest.fixture(scope="module")
async def setup(setup: CrashSetup) -> CrashSetup:
    Challenged.database_url = setup._database_url
    setup.buyers = Challenged
    return setup


async def another(setup: CrashSetup, buyer: Buyer) -> httpx.Response:
    """Another payment of the same buyer for the same challenge; waits while the challenge is in work."""
    assert isinstance(buyer, Challenged)
    second = Challenged(setup.url, buyer.account)
    given = naming(setup.video, buyer.challenge_id)
    return await setup.past_the_lease(second, lambda: second.buy(given, TOOL_PATH))


def is_used_by(refused: httpx.Response, request_id: str) -> bool:
    body = refused.json()
    return bool(refused.status_code == 409 and body["code"] == "challenge_used" and body["charged"] is False) and (
        body["details"] == {"requestId": request_id}
    )


@pytest.mark.parametrize("moment", chosen(FREE_AGAIN + USED))
async def test_same_payment_gets_one_answer_after_a_kill(setup: CrashSetup, moment: str) -> None:
    buyer = await die(setup, moment)
    assert isinstance(buyer, Challenged)
    await setup.start()
    await buy_again(setup, buyer)
    answer = (await setup.send(buyer)).json()
    assert answer["data"]["Liveness"]["freshness"]["challenge_id"] == buyer.challenge_id
    second = Challenged(setup.url, buyer.account)
    refused = await second.buy(naming(setup.video, buyer.challenge_id), TOOL_PATH)
    assert is_used_by(refused, answer["requestId"]), refused.text
    assert setup.charged(buyer) == 1
    row = await found(setup._database_url, buyer.challenge_id)
    assert (row.request_id, row.lease_until, row.answered) == (answer["requestId"], None, False)


@pytest.mark.parametrize("moment", chosen(FREE_AGAIN))
async def test_another_payment_may_use_what_a_dead_call_left(setup: CrashSetup, moment: str) -> None:
    buyer = await die(setup, moment)
    await setup.start()
    answer = await another(setup, buyer)
    assert answer.status_code == 200, answer.text
    refused = await buyer.send(setup.video, buyer.signature)
    assert is_used_by(refused, answer.json()["requestId"]), refused.text
    assert setup.charged(buyer) == 1


@pytest.mark.parametrize("moment", chosen(USED))
async def test_another_payment_gets_no_second_answer(setup: CrashSetup, moment: str) -> None:
    buyer = await die(setup, moment)
    await setup.start()
    assert isinstance(buyer, Challenged)
    second = Challenged(setup.url, buyer.account)
    refused = await second.buy(naming(setup.video, buyer.challenge_id), TOOL_PATH)
    answer = await setup.send(buyer)
    assert answer.status_code == 200, answer.text
    assert is_used_by(refused, answer.json()["requestId"]), refused.text
    assert setup.charged(buyer) == 1


@pytest.mark.parametrize("when", ["before", "after"] if ALL else ["before"])
async def test_refused_clip_stays_refused_after_a_kill(setup: CrashSetup, when: str) -> None:
    film = setup.video
    setup.video = film.replace("still", "short")
    buyer = await die(setup, f"{when} `released` is committed")
    setup.video = film
    await setup.start()
    refused = await setup.past_the_lease(buyer, lambda: buyer.send(film, buyer.signature))
    assert refused.json()["code"] == "challenge_used", refused.text
    assert setup.charged(buyer) == 0


@pytest.mark.parametrize("moment", WITHOUT_PAYMENT if ALL else WITHOUT_PAYMENT[1:2])
@pytest.mark.parametrize("paid_by", ["free key", "token"])
async def test_call_without_a_payment_of_its_own_is_repeated_after_a_kill(
    setup: CrashSetup, moment: str, paid_by: str
) -> None:
    await setup.start()
    buyer = await setup.buyer()
    if paid_by == "token":
        await buyer.prepay(1)
        headers, payer = {"X-Payment-Token": buyer.token}, f"token {sha256_of(buyer.token)}"
    else:
        key = await made(setup)
        headers, payer = {"X-Api-Key": key["key"]}, f"key {key['id']}"
    row = await begun(setup._database_url, payer)

    async def ask() -> httpx.Response:
        given = naming(setup.video, row.id)
        return await buyer._plain.post(setup.url + TOOL_PATH, json=given, headers=headers)

    setup.arm(moment)
    with pytest.raises(httpx.TransportError):
        await ask()
    await setup.died()
    setup.arm("")
    await setup.start()
    answer = await setup.past_the_lease(buyer, ask)
    assert answer.status_code == 200, answer.text
    once_more = await ask()
    if paid_by == "token":
        assert once_more.text == answer.text
    else:
        assert is_used_by(once_more, answer.json()["requestId"]), once_more.text
    assert setup.charged(buyer) == (1 if paid_by == "token" else 0)


async def made(setup: CrashSetup) -> dict[str, Any]:
    line = ["keys", "create", "--name", "k", "--scope", "call", "--json", "--database-url", setup._database_url]
    result = await asyncio.to_thread(CliRunner().invoke, app, line)
    assert result.exit_code == 0, result.output
    return dict(json.loads(result.stdout))


async def test_ledger_and_chain_sums_are_equal(setup: CrashSetup) -> None:
    ledger, chain = setup.earned()
    assert ledger == chain
    assert chain % PRICE == 0

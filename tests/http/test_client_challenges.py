"""Tests of challenges by `alive402.Client`: made, read, answered and bought at a service, with one payment."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from eth_account import Account

from alive402 import AsyncClient, Client
from alive402.client import TOOLS, VIDEO_SERVICE, ClientError, NoWayToPay, Refused, SpendCapExceeded
from tests.e2e.pages import block
from tests.http.challenging import clip, host
from tests.http.conftest import Service
from tests.http.gateways import Gateway, gateway
from tests.http.test_api_keys import made

__all__ = ["clip", "host"]
TOOL = TOOLS + VIDEO_SERVICE


@pytest.fixture
def between(service: Service) -> Iterator[Gateway]:
    with gateway(service.url) as made:
        yield made


def film(status_url: str, clip: Path) -> None:
    """Do what the page of the challenge does."""
    httpx.post(f"{status_url}/begin").raise_for_status()
    headers = {"Content-Type": "video/mp4"}
    httpx.post(f"{status_url}/clip", content=clip.read_bytes(), headers=headers).raise_for_status()


def test_challenge_is_made_filmed_and_bought_with_one_payment(service: Service, between: Gateway, clip: Path) -> None:
    # The budget is the price of one answer, so that no second payment can be signed.
    with Client(between.url, wallet=Account.create(), budget_usd="0.20", patience=20) as buyer:
        buyer.fund()
        asked = buyer.new_challenge(bind="session 17", steps=3, avoid=("look_up", "look_down"))
        assert (asked.state, asked.answer_by, asked.upload_url) == ("issued", None, None)
        assert asked.expires_at > datetime.now(UTC)
        assert httpx.get(asked.capture_url).status_code == 200
        assert buyer.challenge(asked.id).state == "issued"
        film(asked.status_url, clip)
        filmed = buyer.challenge(asked.id)
        assert (filmed.state, filmed.capture_url.removeprefix(between.url)) == ("filmed", f"/capture/{asked.id}")
        assert filmed.answer_by is not None
        assert filmed.upload_url is not None
        answer = buyer.buy(filmed.upload_url, challenge=asked.id, bind="session 17")
        assert (answer.freshness, answer.claims["freshness"]["challengeId"]) == ("not_answered", asked.id)
        used = buyer.challenge(asked.id)
        assert (used.state, used.request_id) == ("used", answer.request_id)
        with pytest.raises(SpendCapExceeded):
            buyer.new_challenge()
    assert len(set(between.signatures)) == 1


def test_payment_that_expired_while_the_person_filmed_is_signed_anew(between: Gateway, host: str) -> None:
    with Client(between.url, wallet=Account.create(), budget_usd="0.20", patience=20) as buyer:
        buyer.fund()
        asked = buyer.new_challenge(begin=True)
        assert (asked.state, len(asked.body["steps"])) == ("begun", 5)
        between.faults[TOOL] = ["expires"]
        answer = buyer.buy(host, challenge=asked.id)
    assert answer.freshness == "not_answered"
    assert len(set(between.signatures)) == 2


def test_client_for_asyncio_makes_and_reads_challenges(service: Service) -> None:
    key = made(service, "call")["key"]

    async def story() -> None:
        async with AsyncClient(service.url, api_key=key, patience=20) as buyer:
            asked = await buyer.new_challenge(pace="slow")
            assert (await buyer.challenge(asked.id)).status_url == asked.status_url
            for wrong in ("A" * 43, "a b", "?", "\0"):
                with pytest.raises(Refused) as unknown:
                    await buyer.challenge(wrong)
                assert (unknown.value.code, unknown.value.status) == ("challenge_unknown", 404)
            with pytest.raises(Refused) as refused:
                await buyer.new_challenge(steps=9)
            assert (refused.value.code, refused.value.charged) == ("invalid_input", False)

    asyncio.run(story())


def test_script_of_the_page_buys_a_clip(service: Service, clip: Path) -> None:
    given = {"SERVICE": service.url, "API_KEY": made(service, "call")["key"]}
    command = [sys.executable, "-u", "-c", block("client.md", "new_challenge(")]
    with subprocess.Popen(command, env={**os.environ, **given}, stdout=subprocess.PIPE, text=True) as script:
        assert script.stdout is not None
        address = script.stdout.readline().strip()
        film(address.replace("/capture/", "/api/challenges/"), clip)
        verdict, freshness = script.stdout.read().split()
    assert (script.returncode, verdict in ("spoof", "inconclusive"), freshness) == (0, True, "not_answered")


def test_challenge_that_is_refused_leaves_the_budget(service: Service, between: Gateway) -> None:
    with Client(between.url, wallet=Account.create(), budget_usd="0.20", patience=20) as buyer:
        buyer.fund()
        for wrong in ({"avoid": ("blink",)}, {"avoid": ("look_up", "look_down", "open_mouth")}):
            with pytest.raises(ClientError) as refused:
                buyer.new_challenge(**wrong)
            assert refused.value.code == "invalid_input"
        assert json.loads(json.dumps(buyer.new_challenge().body))["kind"] == "move"
    with Client(service.url) as buyer, pytest.raises(NoWayToPay):
        buyer.new_challenge()

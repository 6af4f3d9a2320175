"""Tests of `alive402.Client`, synchronous and for asyncio: one charge, whatever is lost, and only verified answers."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from typer.testing import CliRunner

from alive402 import AsyncClient, Client
from alive402.cli.main import app
from alive402.client import (
    TOOLS,
    VIDEO_SERVICE,
    ClientError,
    InputUnreadable,
    NoWayToPay,
    Pending,
    ReceiptUnverified,
    Refused,
    SpendCapExceeded,
    Unreachable,
)
from alive402.demo import Buyer, Clips
from tests.conftest import Image, shortened
from tests.e2e.pages import block
from tests.http.challenging import begun, clip, host, url_of
from tests.http.conftest import Service
from tests.http.gateways import Gateway, gateway
from tests.http.test_api_keys import made
from tests.http.test_images import jpeg

__all__ = ["clip", "host"]
TOOL = TOOLS + VIDEO_SERVICE


def test_challenge_is_named_and_its_answer_is_verified(service: Service, host: str, between: Gateway) -> None:
    key = made(service, "call")
    row, other = (asyncio.run(begun(url_of(service), f"key {key['id']}", bind="b")) for _ in range(2))
    with Client(service.url, api_key=key["key"], patience=20) as buyer:
        answer = buyer.buy(host, challenge=row.id, bind="b")
        assert (answer.freshness, answer.claims["freshness"]["challengeId"]) == ("not_answered", row.id)
        with pytest.raises(Refused) as used:
            buyer.buy(host, challenge=row.id, bind="b")
        assert (used.value.code, used.value.charged) == ("challenge_used", False)
        with pytest.raises(Refused) as unbound:
            buyer.buy(host, challenge=other.id)
        assert unbound.value.code == "challenge_unknown"
        line = ["buy", host, "--service", service.url, "--challenge-id", other.id, "--bind", "b"]
        bought = CliRunner().invoke(app, line, env={"BUYER_API_KEY": key["key"]})
    assert bought.exit_code in (1, 2), bought.output
    assert "challenge    not answered" in bought.output


@pytest.fixture
def between(service: Service) -> Iterator[Gateway]:
    with gateway(service.url) as made:
        yield made


@pytest.fixture
def wallet() -> Any:
    return Account.create()


@pytest.fixture
def video(clips: Clips, tmp_path: Path) -> Path:
    path = tmp_path / "face.mp4"
    shortened(clips.bona_fide, path)
    return path


def client(url: str, wallet: Any, **more: Any) -> Client:
    made = Client(url, wallet=wallet, **{"patience": 20, **more})
    made.fund()
    return made


def test_url_is_bought_with_a_wallet(service: Service, videos: str, wallet: Any) -> None:
    steps: list[str] = []
    known = len(service.histories())
    with client(service.url, wallet, tell=steps.append) as buyer:
        answer = buyer.buy(f"{videos}/face.mp4")
    assert answer.verdict == answer.report["verdict"] == answer.claims["verdict"]
    assert answer.payment is not None
    assert (answer.payment["payer"], answer.payment["amount"]) == (wallet.address, "200000")
    assert answer.claims["payment"]["transaction"] == answer.payment["transaction"]
    assert answer.report_url is not None
    assert answer.report_url.startswith(f"{service.url}/reports/")
    assert [history[-1] for history in service.histories()[known:]] == ["consumed"]
    assert steps == ["asking for the price", "paying 0.2 USD", "judging", "verifying the receipt"]
    assert json.loads(json.dumps(answer.to_dict()))["answer"] == json.loads(answer.text)


@pytest.mark.anyio
async def test_file_is_uploaded_and_bought_by_the_client_for_asyncio(
    service: Service, wallet: Any, video: Path
) -> None:
    async with AsyncClient(service.url, wallet=wallet, patience=20) as buyer:
        await buyer.fund()
        answer = await buyer.buy(video)
    assert answer.payment is not None
    assert answer.claims["videoSha256"] == answer.report["video"]["sha256"]


def test_picture_is_seen_from_its_bytes(service: Service, wallet: Any, person: list[Image], tmp_path: Path) -> None:
    picture = tmp_path / "selfie"
    picture.write_bytes(jpeg(person[60]))
    with client(service.url, wallet) as buyer:
        answer = buyer.buy(picture)
    assert answer.payment is not None
    assert answer.payment["amount"] == "50000"
    assert len(answer.claims["imagesSha256"]) == 1


@pytest.mark.anyio
async def test_token_pays_and_is_used_once_for_a_lost_answer(service: Service, between: Gateway, videos: str) -> None:
    async with Buyer(service.url) as buyer:
        await buyer.fund()
        assert (await buyer.prepay(2)).is_success
        between.faults[TOOL] = ["lose"]
        async with AsyncClient(between.url, token=buyer.token, patience=20) as spender:
            answer = await spender.buy(f"{videos}/face.mp4")
        assert answer.claims["payment"]["paymentId"]
        assert len(set(between.keys)) == 1
        assert len(between.keys) == 2
        refused = await buyer.spend(f"{videos}/empty.mp4", buyer.token)
        assert refused.json()["code"] == "no_face"
        # One of two calls is left.
        assert (await buyer.spend(f"{videos}/face.mp4", buyer.token)).is_success
        async with AsyncClient(service.url, token=buyer.token, patience=20) as spender:
            with pytest.raises(Refused) as used_up:
                await spender.buy(f"{videos}/attack.mp4")
    assert (used_up.value.code, used_up.value.charged, used_up.value.status) == ("token_exhausted", False, 402)


def test_api_key_pays_nothing(service: Service, videos: str, video: Path) -> None:
    with Client(service.url, api_key=made(service, "call")["key"]) as caller:
        answer = caller.buy(video)
    assert answer.payment is None
    assert answer.claims["payment"] is None
    with Client(service.url, api_key="a402_wrong") as stranger, pytest.raises(Refused) as refused:
        stranger.buy(f"{videos}/face.mp4")
    assert refused.value.code == "api_key_refused"


@pytest.mark.parametrize("faults", [["lose"], ["busy", "lose", "html"]])
def test_lost_answers_are_asked_for_with_the_same_signature(
    service: Service, between: Gateway, videos: str, wallet: Any, faults: list[str]
) -> None:
    known = len(service.histories())
    # The first request of the path asks for the price.
    between.faults[TOOL] = ["", *faults]
    with client(between.url, wallet) as buyer:
        answer = buyer.buy(f"{videos}/face.mp4")
    assert len(between.signatures) == len(faults) + 1
    assert len(set(between.signatures)) == len(set(between.keys)) == 1
    assert answer.payment is not None
    assert [history[-1] for history in service.histories()[known:]] == ["consumed"]


def test_purchase_is_resumed_by_another_process(
    service: Service, between: Gateway, videos: str, wallet: Any, tmp_path: Path
) -> None:
    known = len(service.histories())
    between.faults[TOOL] = ["", "lose"]
    with client(between.url, wallet, patience=0) as buyer, pytest.raises(Unreachable, match="do not pay again") as lost:
        buyer.buy(f"{videos}/face.mp4")
    assert lost.value.charged is None
    assert lost.value.pending is not None
    stored = json.dumps(lost.value.pending.to_dict())
    # The wallet of the next process is not needed: the payment is in what was stored.
    with Client(between.url) as other:
        answer = other.resume(Pending.from_dict(json.loads(stored)))
    assert answer.payment is not None
    assert answer.payment["payer"] == wallet.address
    assert [history[-1] for history in service.histories()[known:]] == ["consumed"]


def test_price_above_the_cap_is_not_signed(service: Service, between: Gateway, videos: str, wallet: Any) -> None:
    with client(between.url, wallet, max_usd="0.19") as buyer, pytest.raises(SpendCapExceeded) as refused:
        buyer.buy(f"{videos}/face.mp4")
    assert refused.value.details == {"price_usd": "0.200000", "max_usd": "0.19"}
    assert "costs 0.20 USD, and at most 0.19 USD" in refused.value.message
    assert (refused.value.code, refused.value.charged) == ("spend_cap_exceeded", False)
    assert between.signatures == []


def test_budget_counts_only_what_was_charged(service: Service, videos: str, wallet: Any) -> None:
    with client(service.url, wallet, budget_usd=0.25) as buyer:
        for video, code in (("empty.mp4", "no_face"), ("none.mp4", "upstream_status")):
            with pytest.raises(Refused) as refused:
                buyer.buy(f"{videos}/{video}")
            assert (refused.value.code, refused.value.charged, refused.value.pending) == (code, False, None)
            assert refused.value.request_id
        assert buyer.buy(f"{videos}/face.mp4").payment
        with pytest.raises(SpendCapExceeded):
            buyer.buy(f"{videos}/attack.mp4")


def altered(path: str, body: bytes) -> bytes:
    return body.replace(b'"live"', b'"spoof"').replace(b'"inconclusive"', b'"live"') if path == TOOL else body


def test_altered_answer_is_not_returned(service: Service, between: Gateway, videos: str, wallet: Any) -> None:
    between.alter = altered
    with client(between.url, wallet) as buyer, pytest.raises(ReceiptUnverified, match="was altered") as refused:
        buyer.buy(f"{videos}/face.mp4")
    assert json.loads(refused.value.text)["data"]["Receipt"]
    assert refused.value.pending is not None
    assert (refused.value.code, refused.value.charged) == ("verdict_unverified", None)
    with Client(service.url) as other:
        assert other.resume(refused.value.pending).payment


def test_pinned_keys_are_the_only_ones(service: Service, videos: str, wallet: Any) -> None:
    with client(service.url, wallet, jwks={"keys": []}) as buyer, pytest.raises(ReceiptUnverified, match="key"):
        buyer.buy(f"{videos}/face.mp4")


def test_answer_about_another_file_is_refused(
    service: Service, between: Gateway, videos: str, wallet: Any, video: Path
) -> None:
    def elsewhere(path: str, body: bytes) -> bytes:
        return json.dumps({"url": f"{videos}/attack.mp4"}).encode() if path.startswith("/api/uploads") else body

    between.alter = elsewhere
    with client(between.url, wallet) as buyer, pytest.raises(ReceiptUnverified, match="another file"):
        buyer.buy(video)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"token": "a", "api_key": "b"}, "Give one means"),
        ({"wallet": "0x12"}, "no private key"),
    ],
)
def test_means_to_pay_are_checked_first(given: dict[str, str], message: str) -> None:
    with pytest.raises(NoWayToPay, match=message):
        Client("http://127.0.0.1:9", **given)  # type: ignore[arg-type]
    with Client("http://127.0.0.1:9") as nobody, pytest.raises(NoWayToPay, match="Give one means"):
        nobody.buy("http://127.0.0.1:9/v.mp4")
    with pytest.raises(NoWayToPay, match="begins with https"):
        Client("live.example", token="a")
    with pytest.raises(ValueError, match="amount of dollars"):
        Client("http://127.0.0.1:9", wallet="0x" + "1" * 64, max_usd="much")


def test_unreadable_input_is_not_sent(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    with Client("http://127.0.0.1:9", token="a", patience=0) as caller:
        for source in (tmp_path / "none", tmp_path, tmp_path / "empty", "rtsp://camera/1", "/dev/zero"):
            with pytest.raises(InputUnreadable):
                caller.buy(source)


def test_url_of_something_else_is_told_so(videos: str, wallet: Any) -> None:
    with Client(videos, wallet=wallet, patience=0) as buyer, pytest.raises(Unreachable, match="Check the URL"):
        buyer.buy("http://127.0.0.1:9/v.mp4")
    with Client("http://127.0.0.1:9", wallet=wallet, patience=0) as buyer, pytest.raises(ClientError) as away:
        buyer.buy("http://127.0.0.1:9/v.mp4")
    assert away.value.to_dict() == {
        "code": "service_unreachable",
        "message": "http://127.0.0.1:9 does not answer (ConnectError).",
        "charged": False,
        "details": {},
    }


@pytest.mark.anyio
async def test_scripts_of_the_page_buy(
    service: Service, videos: str, wallet: Any, video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Buyer(service.url, wallet) as buyer:
        await buyer.fund()
        assert (await buyer.prepay(2)).is_success
    given = {"SERVICE": service.url, "VIDEO": str(video), "VIDEO_URL": f"{videos}/empty.mp4", "TOKEN": buyer.token}
    for name, value in {**given, "WALLET_KEY": "0x" + bytes(wallet.key).hex()}.items():
        monkeypatch.setenv(name, value)
    said = []
    for marker in ("wallet=os.environ", "AsyncClient("):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            # A script has an event loop of its own.
            await asyncio.to_thread(exec, block("client.md", marker), {"__name__": "__main__"})
        said.append(out.getvalue().split())
    verdict, transaction = said[0]
    assert transaction.startswith("0x")
    assert said[1] == [verdict, "no_face"]

"""Tests of challenges over HTTP: made by who can pay, begun once by who has the id, answered by one clip in time."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from alive402.challenges import ChallengeRow
from alive402.demo import TOOL_PATH, Buyer, Clips
from alive402.liveness import MovementKind
from alive402.payments.keys import Scope
from tests.http.conftest import Service, Start
from tests.http.prepaying import paid

pytestmark = pytest.mark.anyio
CHALLENGES = "/api/challenges"
RAW = {"Content-Type": "video/webm"}
UNTOLD = {
    "challengeId", "nonce", "kind", "bits", "fitted", "issuedAt", "expiresAt", "capture", "captureUrl", "statusUrl",
}  # fmt: skip
MADE = {"challengeId", "state", "kind", "bits", "issuedAt", "expiresAt"}


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("media")


@pytest.fixture(scope="module")
def own_service(start: Start, media: Path) -> Service:
    return start(
        media_directory=media,
        max_video_bytes=3_000_000,
        challenges_unanswered=1_000,
        challenges_open=1_000,
        free_failures_per_address="1000/minute",
    )


@pytest.fixture
async def http(own_service: Service) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=own_service.url, timeout=60) as client:
        yield client


async def a_key(service: Service) -> dict[str, str]:
    _, key = await service.parts.registry.ledger_services.keys.create("tests", [Scope.CALL])
    return {"X-Api-Key": key}


@pytest.fixture
async def key(own_service: Service) -> dict[str, str]:
    return await a_key(own_service)


async def made(http: httpx.AsyncClient, key: dict[str, str], **asked: Any) -> dict[str, Any]:
    answer = await http.post(CHALLENGES, json=asked, headers=key)
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    assert answer.headers["Location"] == told["statusUrl"]
    assert answer.headers["Cache-Control"] == "no-store"
    return told


async def change(service: Service, challenge_id: str, **values: Any) -> None:
    """Change a row, as time would."""
    async with service.parts.registry.ledger_services.ledger.session() as session:
        await session.execute(update(ChallengeRow).where(ChallengeRow.id == challenge_id).values(values))


def left_in(media: Path) -> list[Path]:
    return list(media.rglob("*.video"))


def code(answer: httpx.Response) -> tuple[int, str]:
    assert answer.json()["charged"] is False
    return answer.status_code, answer.json()["code"]


async def test_unpaid_challenge_asks_for_the_tools_price(own_service: Service, http: httpx.AsyncClient) -> None:
    asked, tool = await http.post(CHALLENGES), await http.post(TOOL_PATH)
    assert (asked.status_code, asked.json() | {"requestId": ""}) == (402, tool.json() | {"requestId": ""})
    assert asked.headers["PAYMENT-REQUIRED"] == tool.headers["PAYMENT-REQUIRED"]
    refused = await http.post(CHALLENGES, headers={"X-Api-Key": "none"})
    assert code(refused) == (401, "api_key_refused")


async def test_steps_are_told_once_when_the_person_is_ready(
    own_service: Service, http: httpx.AsyncClient, key: dict[str, str]
) -> None:
    told = await made(http, key)
    assert set(told) == UNTOLD
    assert (told["kind"], told["bits"], told["fitted"], len(told["challengeId"])) == ("move", 10.3, False, 43)
    assert told["capture"].pop("mimeTypes")
    assert told["capture"] == {"lead": 1.2, "width": 640, "height": 480, "frameRate": 30, "bitsPerSecond": 400_000}
    url = told["statusUrl"]
    assert url == f"{own_service.url}{CHALLENGES}/{told['challengeId']}"
    assert told["captureUrl"] == url.replace("/api/challenges/", "/capture/")
    before = (await http.get(url)).json()
    assert (set(before), before["state"]) == (MADE, "issued")
    begun = await http.post(f"{url}/begin")
    assert begun.status_code == 200
    assert set(begun.json()) == {*UNTOLD, "steps", "answerBy"}
    steps, seconds = begun.json()["steps"], begun.json()["capture"]["seconds"]
    assert [step["seconds"] for step in steps] == [2.0] * 5
    assert seconds == round(steps[-1]["at"] + 3.0, 2)
    assert 600_000 < begun.json()["capture"]["bitsPerSecond"] < 1_200_000
    again = await http.post(f"{url}/begin")
    assert (code(again), set(again.json())) == ((409, "challenge_begun"), {"requestId", "code", "message", "charged"})
    after = (await http.get(url)).json()
    assert (set(after), after["state"]) == ({*MADE, "begunAt", "answerBy"}, "begun")
    whole = datetime.fromisoformat(after["answerBy"]) - datetime.fromisoformat(after["begunAt"])
    assert whole.total_seconds() == pytest.approx(seconds + 45, abs=0.01)


async def test_options_shape_the_steps(http: httpx.AsyncClient, key: dict[str, str]) -> None:
    asked = {"kind": "move", "steps": 4, "avoid": ["open_mouth", "look_up"], "pace": "slow", "begin": True}
    told = await made(http, key, **asked, bind="session 1")
    assert {step["kind"] for step in told["steps"]} <= {"turn_left", "turn_right", "look_down"}
    assert [step["seconds"] for step in told["steps"]] == [4.0] * len(told["steps"])
    assert len(told["steps"]) > 4
    assert "session 1" not in str(told)
    assert code(await http.post(f"{told['statusUrl']}/begin")) == (409, "challenge_begun")


async def test_clip_is_taken_once_and_named_by_the_state(
    own_service: Service, http: httpx.AsyncClient, key: dict[str, str], clips: Clips, media: Path
) -> None:
    content = clips.bona_fide.read_bytes()
    for form in (False, True):
        told = await made(http, key, begin=True)
        url, before = told["statusUrl"], datetime.now(UTC)
        sent: dict[str, Any] = (
            {"files": {"file": ("me.webm", content)}} if form else {"content": content, "headers": RAW}
        )
        taken = await http.post(f"{url}/clip", **sent)
        assert taken.status_code == 201, taken.text
        clip = taken.json()
        assert set(clip) == {"uploadId", "url", "bytes", "sha256", "expiresAt", "challengeId"}
        assert (clip["sha256"], clip["challengeId"]) == (hashlib.sha256(content).hexdigest(), told["challengeId"])
        assert taken.headers["Location"] == clip["url"]
        state = (await http.get(url)).json()
        assert set(state) == {*MADE, "begunAt", "answerBy", "receivedAt", "uploadUrl"}
        assert (state["state"], state["uploadUrl"]) == ("filmed", clip["url"])
        assert before <= datetime.fromisoformat(state["receivedAt"]) + timedelta(milliseconds=1)
        assert own_service.parts.uploads.find(clip["uploadId"]).received_at >= before.timestamp()
        assert code(await http.post(f"{url}/clip", **sent)) == (409, "challenge_used")
        answer = await http.post(TOOL_PATH, json={"VideoUrl": clip["url"]}, headers=key)
        assert answer.status_code == 200, answer.text
    assert not left_in(media)


async def test_clip_needs_a_begun_challenge_and_comes_in_time(
    own_service: Service, http: httpx.AsyncClient, key: dict[str, str], media: Path
) -> None:
    told = await made(http, key)
    url = told["statusUrl"]
    assert code(await http.post(f"{url}/clip", content=b"x", headers=RAW)) == (409, "challenge_not_begun")
    past = datetime.now(UTC) - timedelta(seconds=1)
    await change(own_service, told["challengeId"], expires_at=past)
    assert code(await http.post(f"{url}/begin")) == (410, "challenge_expired")
    assert (await http.get(url)).json()["state"] == "expired"
    late = await made(http, key, begin=True)
    await change(own_service, late["challengeId"], answer_by=past)
    refused = await http.post(f"{late['statusUrl']}/clip", content=b"x", headers=RAW)
    assert code(refused) == (410, "challenge_expired")
    assert refused.headers["Connection"] == "close"

    async def slow() -> AsyncIterator[bytes]:
        yield b"first"
        await change(own_service, slower["challengeId"], answer_by=datetime.now(UTC))
        yield b"last"

    slower = await made(http, key, begin=True)
    arrived = await http.post(f"{slower['statusUrl']}/clip", content=slow(), headers=RAW)
    assert code(arrived) == (410, "challenge_expired")
    assert not left_in(media)


async def test_failed_transfer_does_not_use_the_challenge_up(
    http: httpx.AsyncClient, key: dict[str, str], media: Path
) -> None:
    told = await made(http, key, begin=True)
    url = f"{told['statusUrl']}/clip"
    broken = {"content": b"--b\r\n\r\nx", "headers": {"Content-Type": "multipart/form-data; boundary=b"}}
    for sent, refused in (
        ({"content": b"", "headers": RAW}, (400, "upload_empty")),
        ({"content": b"x", "headers": {"Content-Type": "text/plain"}}, (415, "upload_type_refused")),
        ({"content": b"x" * 3_000_001, "headers": RAW}, (413, "video_too_large")),
        (broken, (400, "upload_malformed")),
    ):
        assert code(await http.post(url, **sent)) == refused  # type: ignore[arg-type]
    assert (await http.get(told["statusUrl"])).json()["state"] == "begun"
    both = await asyncio.gather(*[http.post(url, content=b"%d" % each, headers=RAW) for each in range(2)])
    assert sorted(answer.status_code for answer in both) == [201, 409]
    assert len(left_in(media)) == 1
    (taken,) = (answer for answer in both if answer.status_code == 201)
    await http.delete(taken.json()["url"])


async def test_more_clips_than_uploads_of_a_payer_may_wait(http: httpx.AsyncClient, key: dict[str, str]) -> None:
    for number in range(5):
        told = await made(http, key, bind=f"session {number}", begin=True)
        taken = await http.post(f"{told['statusUrl']}/clip", content=b"x" * 1_000_000, headers=RAW)
        assert taken.status_code == 201, taken.text
    answer = await http.post("/api/uploads", content=b"x", headers={**RAW, **key})
    assert code(answer) == (429, "too_many_uploads")


async def test_token_and_signature_make_challenges(own_service: Service, http: httpx.AsyncClient) -> None:
    async with Buyer(own_service.url) as buyer:
        token = {"X-Payment-Token": (await paid(buyer, 1))["token"]}
        before = await buyer.balance(own_service.parts.terms.asset)
        assert (await made(http, token))["kind"] == "move"
        await buyer.fund()
        refused = await buyer.pay("http://127.0.0.1/none.mp4")
        assert refused.status_code == 424
        assert (await made(http, {"PAYMENT-SIGNATURE": buyer.signature}))["kind"] == "move"
        assert await buyer.balance(own_service.parts.terms.asset) >= before


@pytest.mark.parametrize(
    "wrong", ["x", "a" * 42, "a" * 43, "a" * 44, "%00" * 43, "ä" * 43, "..", "%ED%A0%80" * 14 + "a", "a.b"]
)
async def test_id_of_any_form_is_unknown(http: httpx.AsyncClient, wrong: str) -> None:
    for answer in (
        await http.get(f"{CHALLENGES}/x{wrong}"),
        await http.post(f"{CHALLENGES}/x{wrong}/begin"),
        await http.post(f"{CHALLENGES}/x{wrong}/clip", content=b"x", headers=RAW),
    ):
        assert code(answer) == (404, "challenge_unknown")


async def test_light_is_refused_with_a_sentence(http: httpx.AsyncClient, key: dict[str, str]) -> None:
    for kind in ("light", "both"):
        refused = await http.post(CHALLENGES, json={"kind": kind}, headers=key)
        assert code(refused) == (400, "invalid_input")
        assert (
            refused.json()["message"] == "Challenges ask for movements: `kind` is `move`. Coloured light is not built."
        )
    many = await http.post(CHALLENGES, json={"steps": 8, "avoid": ["look_up", "look_down"]}, headers=key)
    assert code(many) == (400, "invalid_input")
    assert "at most 10" in many.json()["details"]["problems"][0]["message"]


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
NEARLY = st.fixed_dictionaries(
    {},
    optional={
        "kind": st.just("move") | ANYTHING,
        "steps": st.integers(3, 8) | st.sampled_from([5.0, 1e400, -1, 9]) | ANYTHING,
        "avoid": st.lists(st.sampled_from(get_args(MovementKind)), max_size=3) | ANYTHING,
        "pace": st.sampled_from(["normal", "slow"]) | ANYTHING,
        "bind": st.text(st.characters(), max_size=128) | st.sampled_from(["\ud800", "a" * 129, ""]) | ANYTHING,
        "begin": st.booleans() | ANYTHING,
    },
)


async def test_any_body_is_taken_or_refused(own_service: Service, key: dict[str, str]) -> None:
    def ask(body: object) -> None:
        sent = json.dumps(body).replace("Infinity", "1e999")
        answer = client.post(CHALLENGES, content=sent, headers={**key, "Content-Type": "application/json"})
        if answer.status_code == 201:
            assert ("steps" in answer.json()) is bool(
                body["begin"] if isinstance(body, dict) and "begin" in body else 0
            )
        else:
            assert code(answer) in {(400, "invalid_input"), (400, "invalid_json")}

    def many() -> None:
        settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))(
            given(NEARLY | ANYTHING)(ask)
        )()

    with httpx.Client(base_url=own_service.url, timeout=60) as client:
        await asyncio.to_thread(many)


async def test_pages_of_any_site_may_film(http: httpx.AsyncClient, key: dict[str, str]) -> None:
    told = await made(http, key)
    site = {"Origin": "https://shop.example"}
    for path, method in (("", "GET"), ("/begin", "POST"), ("/clip", "POST")):
        preflight = {**site, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": "content-type"}
        allowed = await http.options(told["statusUrl"] + path, headers=preflight)
        assert allowed.status_code == 204
        assert allowed.headers["Access-Control-Allow-Origin"] == "*"
        assert method in allowed.headers["Access-Control-Allow-Methods"]
        assert "Access-Control-Allow-Credentials" not in allowed.headers
    for answer in (
        await http.get(told["statusUrl"], headers=site),
        await http.post(f"{told['statusUrl']}/begin", headers=site),
    ):
        assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (200, "*")


async def test_urls_have_the_public_prefix_and_limits_say_when_to_come_again(start: Start) -> None:
    service = start(public_url="https://alive.example/video", challenges_unanswered=2, challenges_open=3)
    key = await a_key(service)
    async with httpx.AsyncClient(base_url=service.url, timeout=60) as http:
        told = [await made(http, key) for _ in range(2)]
        assert told[0]["captureUrl"] == f"https://alive.example/video/capture/{told[0]['challengeId']}"
        assert told[0]["statusUrl"] == f"https://alive.example/video{CHALLENGES}/{told[0]['challengeId']}"
        refused = await http.post(CHALLENGES, headers=key)
        assert (code(refused), refused.json()["details"]) == ((429, "too_many_challenges"), {"reason": "unanswered"})
        assert 590 <= int(refused.headers["Retry-After"]) <= 600
        await made(http, key, bind="another")
        refused = await http.post(CHALLENGES, json={"bind": "a third"}, headers=key)
        assert (code(refused), refused.json()["details"]) == ((429, "too_many_challenges"), {"reason": "open"})
        await made(http, await a_key(service))
        path = f"{CHALLENGES}/{told[0]['challengeId']}"
        await http.post(f"{path}/begin")
        taken = await http.post(f"{path}/clip", content=b"clip", headers=RAW)
        assert taken.json()["url"].startswith("https://alive.example/video/api/uploads/")
        assert (await http.get(path)).json()["uploadUrl"] == taken.json()["url"]

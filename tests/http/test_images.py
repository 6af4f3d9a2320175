"""Tests of the image service: images by URL and as bytes; an answer covers all of them or none."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from collections.abc import Iterator
from typing import Any

import av
import cv2
import httpx
import numpy as np
import pytest
from alibabacloud_facebody20191230.models import DetectLivingFaceRequest, DetectLivingFaceRequestTasks
from alibabacloud_tea_util.models import RuntimeOptions
from darabonba.exceptions import DaraException
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from mcp import Client

from alive402.catalog import IMAGE_LIVENESS, LIVENESS
from alive402.demo import Buyer, Clips, receipt, serve_files
from alive402.http.core.bodies import LARGE_BODIES
from alive402.receipts import verified
from tests.conftest import Image
from tests.http.access_keys import V1, V3, made, sdk
from tests.http.conftest import Service, Start
from tests.http.test_signed_verdicts import check

pytestmark = pytest.mark.anyio
PATH, LEGACY = IMAGE_LIVENESS.paths
NOBODY = np.full((200, 200, 3), 128, np.uint8)


def jpeg(picture: Image) -> bytes:
    return bytes(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 95])[1])


@pytest.fixture(scope="module")
def face(person: list[Image]) -> bytes:
    return jpeg(person[60])


@pytest.fixture(scope="module")
def pictures(face: bytes, clips: Clips, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base URL of a host with good and bad pictures."""
    folder = tmp_path_factory.mktemp("pictures")
    with av.open(str(clips.attack)) as file:
        attack = np.asarray(next(file.decode(video=0)).to_ndarray(format="bgr24"), np.uint8)
    (folder / "face.jpg").write_bytes(face)
    (folder / "attack.jpg").write_bytes(jpeg(attack))
    (folder / "wall.jpg").write_bytes(jpeg(NOBODY))
    (folder / "cut.jpg").write_bytes(face[:300])
    (folder / "clip.jpg").write_bytes(clips.bona_fide.read_bytes())
    (folder / "dark.jpg").write_bytes(jpeg(np.asarray(cv2.imdecode(np.frombuffer(face, np.uint8), 1) // 12, np.uint8)))
    with (folder / "big.jpg").open("wb") as large:
        large.write(face)
        large.truncate(11_000_000)
    with serve_files(folder) as base:
        yield base


def at(base: str, *names: str) -> dict[str, Any]:
    return {"Tasks": [{"ImageURL": f"{base}/{name}"} for name in names]}


def packed(*pictures: bytes) -> dict[str, Any]:
    return {"Tasks": [{"ImageData": base64.b64encode(each).decode()} for each in pictures]}


async def balance(buyer: Buyer, service: Service) -> int:
    return await buyer.balance(service.parts.terms.asset)


async def test_images_are_judged_and_charged_once(service: Service, pictures: str, face: bytes) -> None:
    given = at(pictures, "face.jpg", "wall.jpg")
    given["Tasks"] += packed(face)["Tasks"]
    async with Buyer(service.url) as buyer, httpx.AsyncClient(timeout=60) as http:
        await buyer.fund()
        before = await balance(buyer, service)
        unpaid = await http.post(service.url + PATH, json=given)
        assert unpaid.status_code == 402
        assert unpaid.json()["accepts"][0]["maxAmountRequired"] == "50000"
        answer = await buyer.buy(given, PATH)
        assert answer.status_code == 200, answer.text
        # The same payment by the other name of the service: the same answer, and no more money.
        again = await http.post(service.url + LEGACY, json=given, headers={"PAYMENT-SIGNATURE": buyer.signature})
        assert before - await balance(buyer, service) == 50_000
        jwks = (await http.get(f"{service.url}/.well-known/jwks.json")).json()
    assert again.json() == answer.json()
    assert receipt(answer).success
    Draft202012Validator(IMAGE_LIVENESS.output_schema).validate(answer.json())
    data = answer.json()["data"]
    first, wall, last = data["Elements"]
    assert (data["Action"], first["ImageURL"]) == ("DetectLivingFace", f"{pictures}/face.jpg")
    assert "ImageURL" not in last
    assert (wall["FaceNumber"], wall["Results"]) == (0, [])
    assert first["Results"] == last["Results"]
    assert len({each["TaskId"] for each in data["Elements"]}) == 3
    report = data["Liveness"]
    assert (report["verdict"], first["Results"][0]["Label"], first["Results"][0]["Suggestion"]) == (
        *("live", "normal", "pass"),
    )
    assert [each["verdict"] for each in report["images"]] == ["live", None, "live"]
    digest = hashlib.sha256(face).hexdigest()
    claims = verified(data["Receipt"], jwks)
    assert claims["imagesSha256"] == [each["sha256"] for each in report["images"]]
    assert (claims["imagesSha256"][0], claims["verdict"]) == (digest, "live")
    assert "videoSha256" not in claims


async def test_least_live_image_decides(service: Service, pictures: str) -> None:
    async with Buyer(service.url) as buyer:
        await buyer.fund()
        data = (await buyer.buy(at(pictures, "face.jpg", "attack.jpg"), PATH)).json()["data"]
    good, bad = data["Liveness"]["images"]
    assert (good["verdict"], bad["verdict"], data["Liveness"]["verdict"]) == ("live", "spoof", "spoof")
    assert data["Liveness"]["live_confidence"] == bad["live_confidence"] < good["live_confidence"]
    assert data["Liveness"]["attack_type"] == "screen_replay"
    result = data["Elements"][1]["Results"][0]
    assert (result["Label"], result["Suggestion"]) == ("liveness", "block")
    assert result["Rate"] == pytest.approx(100 * (1 - bad["live_confidence"]), abs=0.01)


async def test_command_line_verifies_an_image_verdict(service: Service, pictures: str) -> None:
    async with Buyer(service.url) as buyer:
        await buyer.fund()
        answer = (await buyer.buy(at(pictures, "face.jpg"), PATH)).json()
    checked = check(json.dumps(answer), f"{service.url}/.well-known/jwks.json")
    assert checked.exit_code == 0, checked.output
    assert f"image 1    sha256 {answer['data']['Liveness']['images'][0]['sha256']}" in checked.stdout


@pytest.mark.parametrize(
    ("names", "status", "code", "task"),
    [
        (("face.jpg", "none.jpg"), 424, "upstream_status", 1),
        (("none.jpg", "cut.jpg"), 424, "upstream_status", 0),
        (("face.jpg", "cut.jpg"), 422, "undecodable_image", 1),
        (("clip.jpg",), 415, "unsupported_image", 0),
        (("big.jpg",), 413, "image_too_large", 0),
        (("face.jpg", "wall.jpg", "dark.jpg"), 422, "too_dark", 2),
        (("wall.jpg", "wall.jpg"), 422, "no_face", None),
    ],
)
async def test_failed_call_is_free_and_names_its_task(
    service: Service, pictures: str, names: tuple[str, ...], status: int, code: str, task: int | None
) -> None:
    async with Buyer(service.url) as buyer:
        await buyer.fund()
        before = await balance(buyer, service)
        refused = await buyer.buy(at(pictures, *names), PATH)
        assert await balance(buyer, service) == before
    body = refused.json()
    assert (refused.status_code, body["code"], body["charged"]) == (status, code, False)
    assert body.get("details", {}).get("task") == task
    assert "video" not in body["message"].lower()


PROBLEMS: list[tuple[Any, str]] = [
    ({}, "invalid_input"),
    ({"Tasks": []}, "invalid_input"),
    ({"Tasks": [{}]}, "invalid_input"),
    ({"Tasks": ["https://example.com/a.jpg"]}, "invalid_input"),
    ({"Tasks": [{"ImageURL": "https://example.com/a.jpg", "ImageData": "AAAA"}]}, "invalid_input"),
    ({"Tasks": [{"ImageURL": "https://example.com/a.jpg"}] * 11}, "invalid_input"),
    ({"VideoUrl": "https://example.com/a.mp4"}, "invalid_input"),
    ({"Tasks": [{"ImageURL": "ftp://example.com/a.jpg"}]}, "invalid_url"),
    ({"Tasks": [{"ImageData": "not base64!"}]}, "invalid_image_data"),
    ({"Tasks": [{"ImageData": "data:image/png;base64,iVBORw0KGgo="}]}, "invalid_image_data"),
    ({"Tasks": [{"ImageData": base64.b64encode(b"no picture").decode()}]}, "unsupported_image"),
]


@pytest.mark.parametrize(("given", "code"), PROBLEMS)
async def test_invalid_image_request_is_refused_before_payment(service: Service, given: Any, code: str) -> None:
    async with httpx.AsyncClient() as http:
        refused = await http.post(service.url + PATH, json=given)
    if not given:
        # An empty object says nothing yet: the price is told.
        assert refused.status_code == 402
        return
    assert refused.status_code in {400, 415}
    assert refused.json()["code"] == code


async def test_large_bodies_are_accepted_for_images_only(service: Service, face: bytes) -> None:
    padded = [face + bytes(size) for size in (4_000_000, 4_000_000, 4_000_000)]
    async with Buyer(service.url) as buyer, httpx.AsyncClient(timeout=60) as http:
        await buyer.fund()
        answer = await buyer.buy(packed(*padded[:2]), PATH)
        assert answer.status_code == 200, answer.text
        together = await http.post(service.url + PATH, json=packed(*padded))
        assert (together.status_code, together.json()["code"]) == (413, "body_too_large")
        small = await http.post(service.url + PATH, json=packed(face + bytes(5_030_000), face + bytes(5_000_000)))
        assert (small.status_code, small.json()["code"]) == (413, "image_too_large")
        for path in (*LIVENESS.paths, "/api/payments"):
            refused = await http.post(service.url + path, json=packed(padded[0][:20_000]))
            assert (refused.status_code, refused.json()["code"]) == (413, "body_too_large")


async def test_large_requests_do_not_block_small_ones(service: Service) -> None:
    """Callers who announce a large body and send nothing occupy the places for large bodies only."""
    host, port = service.url.removeprefix("http://").split(":")
    head = f"POST {PATH} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 9000000\r\n\r\n{{"
    held = [await asyncio.open_connection(host, int(port)) for _ in range(LARGE_BODIES)]
    try:
        for _, writer in held:
            writer.write(head.encode())
            await writer.drain()
        async with httpx.AsyncClient() as http:
            # The strangers' requests are at work once the first large one is turned away.
            async with asyncio.timeout(30):
                while (busy := await http.post(service.url + PATH, json=packed(bytes(20_000)))).status_code != 503:
                    pass
            small = await http.post(service.url + PATH, json={"Tasks": [{"ImageURL": "https://example.com/a.jpg"}]})
    finally:
        for _, writer in held:
            writer.close()
    assert (busy.json()["code"], busy.headers["Retry-After"]) == ("busy", "5")
    assert small.status_code == 402


async def test_token_is_valid_for_its_service_only(service: Service, pictures: str) -> None:
    async with Buyer(service.url) as buyer, httpx.AsyncClient(timeout=60) as http:
        await buyer.fund()
        asked = (
            await http.post(f"{service.url}/api/payments", json={"serviceId": IMAGE_LIVENESS.id, "maxCalls": 2})
        ).json()
        assert (asked["serviceId"], asked["amountCents"]) == (IMAGE_LIVENESS.id, 10)
        assert (await buyer.buy({}, asked["payUrl"].removeprefix(buyer.url))).status_code == 200
        with_token = {"X-Payment-Token": asked["token"]}
        used = await http.post(service.url + PATH, json=at(pictures, "face.jpg"), headers=with_token)
        other = await http.post(service.url + LIVENESS.paths[0], json={"VideoUrl": pictures}, headers=with_token)
        state = (await http.get(f"{service.url}/api/payments/{asked['paymentId']}")).json()
    assert used.status_code == 200, used.text
    assert other.status_code in {402, 403, 409}
    assert state["remainingCalls"] == 1


async def test_image_tool_answers_over_mcp(service: Service, pictures: str) -> None:
    heard: list[str] = []

    async def hear(_share: float, _total: float | None, message: str | None) -> None:
        heard.append(str(message))

    async with Buyer(service.url) as buyer, httpx.AsyncClient(timeout=60) as http:
        await buyer.fund()
        body = {"serviceId": IMAGE_LIVENESS.id, "maxCalls": 1}
        asked = (await http.post(f"{service.url}/api/payments", json=body)).json()
        assert (await buyer.buy({}, asked["payUrl"].removeprefix(buyer.url))).status_code == 200
    async with Client(f"{service.url}/mcp", read_timeout_seconds=60) as client:
        names = [tool.name for tool in (await client.list_tools()).tools]
        unpaid = await client.call_tool(IMAGE_LIVENESS.tool_name, at(pictures, "face.jpg"))
        answer = await client.call_tool(
            IMAGE_LIVENESS.tool_name,
            {**at(pictures, "face.jpg"), "paymentToken": asked["token"]},
            progress_callback=hear,
        )
    assert names == [LIVENESS.tool_name, IMAGE_LIVENESS.tool_name, "face_challenge"]
    told: Any = unpaid.structured_content
    assert (unpaid.is_error, told["accepts"][0]["amount"]) == (True, "50000")
    found: Any = answer.structured_content
    assert found["data"]["Liveness"]["verdict"] == "live", found
    assert heard == ["Fetching the images", "Looking at the images"]


async def test_metrics_count_calls_by_service(start: Start, pictures: str) -> None:
    own = start()
    async with Buyer(own.url) as buyer, httpx.AsyncClient(timeout=60) as http:
        await buyer.fund()
        assert (await buyer.buy(at(pictures, "face.jpg"), PATH)).status_code == 200
        entries = (await http.get(f"{own.url}/api/catalog")).json()["services"]
    counted = {each["id"]: each["quality"]["successCount"] for each in entries}
    assert counted == {LIVENESS.id: 0, IMAGE_LIVENESS.id: 1}


async def test_services_setting_chooses_the_services(start: Start, pictures: str) -> None:
    alone = start(services=("aliyun-facebody-detect-living-face",), price=70_000)
    async with Buyer(alone.url) as buyer, httpx.AsyncClient(timeout=60) as http:
        await buyer.fund()
        assert (await buyer.ask("https://example.com/v.mp4")).status_code == 404
        unpaid = await http.post(alone.url + PATH)
        assert unpaid.json()["accepts"][0]["maxAmountRequired"] == "70000"
        assert (await buyer.buy(at(pictures, "face.jpg"), PATH)).status_code == 200
        audit = (await http.get(f"{alone.url}/api/discovery/audit")).json()
    assert [each for each in audit["surfaces"] if not each["ok"]] == []
    other_way = start(services=(IMAGE_LIVENESS.id, LIVENESS.id))
    assert [calls.service.id for calls in other_way.parts.registry.services] == [IMAGE_LIVENESS.id, LIVENESS.id]


@pytest.mark.parametrize("version", [V3, V1], ids=["V3", "V1"])
def test_sdk_judges_images(service: Service, pictures: str, face: bytes, version: str | None) -> None:
    client = sdk(service, made(service), version)
    options = RuntimeOptions(read_timeout=60_000, no_proxy="127.0.0.1")

    def asked(*urls: str) -> Any:
        tasks = [DetectLivingFaceRequestTasks(image_url=url) for url in urls]
        return client.detect_living_face_with_options(DetectLivingFaceRequest(tasks=tasks), options)

    answer = asked(f"{pictures}/face.jpg", f"{pictures}/wall.jpg")
    first, wall = answer.body.data.elements
    assert (first.image_url, first.face_number, wall.face_number) == (f"{pictures}/face.jpg", 1, 0)
    (result,) = first.results
    assert (result.label, result.suggestion, result.rect.width > 0) == ("normal", "pass", True)
    assert answer.headers["x-alive402-verdict"] == "live"
    for name, code, ours in (
        ("cut.jpg", "InvalidFile.Decode", "undecodable_image"),
        ("clip.jpg", "InvalidFile.Content", "unsupported_image"),
        ("big.jpg", "InvalidFile.Resolution", "image_too_large"),
    ):
        with pytest.raises(DaraException) as refused:
            asked(f"{pictures}/{name}")
        error: Any = refused.value
        assert (error.status_code, error.code) == (400, code)
        assert f"{ours}: " in error.message

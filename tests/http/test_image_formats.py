"""Tests of HEIC and AVIF: by URL, as bytes, and through the vendor's SDK."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from alibabacloud_facebody20191230.models import DetectLivingFaceRequest, DetectLivingFaceRequestTasks
from alibabacloud_tea_util.models import RuntimeOptions
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from alive402.catalog import IMAGE_LIVENESS, LIVENESS
from alive402.demo import Buyer, serve_files
from tests.conftest import Image
from tests.http.access_keys import V3, made, sdk
from tests.http.conftest import Service
from tests.http.test_images import PATH, at, packed
from tests.intake import heif_files

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def heic(person: list[Image]) -> bytes:
    return heif_files.whole(person[60])


@pytest.fixture(scope="module")
def host(heic: bytes, person: list[Image], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base URL of a host with these pictures."""
    folder = tmp_path_factory.mktemp("formats")
    (folder / "face.heic").write_bytes(heic)
    (folder / "face.avif").write_bytes(heif_files.whole(person[60], "av1"))
    (folder / "moving.avif").write_bytes(heif_files.heif(heif_files.coded(person[60], "av1"), brand=b"avis"))
    with serve_files(folder) as base:
        yield base


async def test_heic_and_avif_are_judged_by_url_and_as_bytes(service: Service, host: str, heic: bytes) -> None:
    given = at(host, "face.heic", "face.avif")
    given["Tasks"] += packed(heic)["Tasks"]
    async with Buyer(service.url) as buyer:
        await buyer.fund()
        answer = await buyer.buy(given, PATH)
    assert answer.status_code == 200, answer.text
    Draft202012Validator(IMAGE_LIVENESS.output_schema).validate(answer.json())
    assert [each["verdict"] for each in answer.json()["data"]["Liveness"]["images"]] == ["live"] * 3


async def test_image_sequence_is_refused(service: Service, host: str) -> None:
    async with Buyer(service.url) as buyer:
        await buyer.fund()
        refused = await buyer.buy(at(host, "moving.avif"), PATH)
    assert (refused.status_code, refused.json()["code"]) == (415, "unsupported_image")
    assert "moves" in refused.json()["message"]


async def test_video_service_refuses_heic(service: Service, host: str) -> None:
    async with Buyer(service.url) as buyer:
        await buyer.fund()
        refused = await buyer.buy({"VideoUrl": f"{host}/face.heic"}, LIVENESS.paths[0])
    assert (refused.status_code, refused.json()["code"]) == (415, "unsupported_video")
    assert "picture" in refused.json()["message"]


def test_sdk_sends_heic(service: Service, host: str) -> None:
    client: Any = sdk(service, made(service), V3)
    asked = DetectLivingFaceRequest(tasks=[DetectLivingFaceRequestTasks(image_url=f"{host}/face.heic")])
    answer = client.detect_living_face_with_options(asked, RuntimeOptions(read_timeout=60_000, no_proxy="127.0.0.1"))
    assert answer.body.data.elements[0].results[0].label == "normal"

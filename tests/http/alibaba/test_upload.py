"""Tests of file uploads by the vendor's unmodified SDK over TLS: policy, object, verdict, malformed forms.

The SDK posts to port 443 of a name: the resolver of this test's process leads that name to the service's socket.
"""

from __future__ import annotations

import asyncio
import io
import os
import re
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import pytest
from alibabacloud_facebody20191230.client import Client
from alibabacloud_facebody20191230.models import (
    DetectLivingFaceAdvanceRequest,
    DetectLivingFaceAdvanceRequestTasks,
    DetectVideoLivingFaceAdvanceRequest,
)
from alibabacloud_tea_openapi.models import Config
from alibabacloud_tea_util.models import RuntimeOptions
from darabonba.core import DaraCore
from darabonba.exceptions import DaraException
from Tea.core import TeaCore
from Tea.exceptions import TeaException

from alive402.catalog import IMAGE_LIVENESS
from alive402.demo import Clips
from alive402.http.alibaba.objects import TABLE
from tests.conftest import Image
from tests.http.access_keys import V1, V3, balance, credited, made
from tests.http.conftest import Service, Start
from tests.http.tls import Certified, certified

HOST = "uploads.alive402.test"
BUCKET_HOST = f"alive402.{HOST}"
MAX_BYTES = 3_000_000
PAGE = (Path(__file__).parents[3] / "docs" / "alibaba.md").read_text()


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("media")


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Certified:
    return certified(tmp_path_factory.mktemp("tls"), BUCKET_HOST)


@pytest.fixture(scope="module")
def safe(start: Start, media: Path, tls: Certified) -> Service:
    """A service that terminates TLS and fetches no private addresses."""
    running = start(
        upload_host=HOST,
        tls_certificate=tls.certificate,
        tls_key=tls.key,
        media_directory=media,
        max_video_bytes=MAX_BYTES,
        allow_private_hosts=False,
        calls_per_key="1000/second",
    )
    return replace(running, url=running.url.replace("http://", "https://"))


@pytest.fixture
def resolved(safe: Service, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, int]]]:
    """Resolve the bucket's name to the service; yields the requested names."""
    asked, ask = [], socket.getaddrinfo
    port = int(safe.url.rpartition(":")[2])

    def answered(host: Any, at: Any, *rest: Any, **named: Any) -> Any:
        if host != BUCKET_HOST:
            return ask(host, at, *rest, **named)
        asked.append((host, at))
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", answered)
    # Connections of this test's own, which trust what it trusts; left open, they would hold up the service's end.
    pools: list[dict[str, Any]] = [{}, {}]
    monkeypatch.setattr(TeaCore, "_sessions", pools[0])
    monkeypatch.setattr(DaraCore, "_sessions", pools[1])
    yield asked
    for session in (*pools[0].values(), *pools[1].values()):
        session.close()


def caller(service: Service, key: dict[str, Any], version: str | None = V3) -> Client:
    where = service.url.partition("://")
    client = Client(
        Config(
            access_key_id=key["accessKeyId"],
            access_key_secret=key["key"],
            endpoint=where[2],
            protocol=where[0],
            region_id="cn-shanghai",
            signature_algorithm=version,
        )
    )
    # This release of the SDK reads Config.open_platform_endpoint nowhere.
    client._open_platform_endpoint = where[2]
    return client


def options(tls: Certified) -> RuntimeOptions:
    return RuntimeOptions(
        read_timeout=180_000, connect_timeout=10_000, ca=str(tls.authority), no_proxy=f"127.0.0.1,{BUCKET_HOST}"
    )


def advanced(client: Client, file: Any, tls: Certified) -> Any:
    return client.detect_video_living_face_advance(
        DetectVideoLivingFaceAdvanceRequest(video_url_object=file), options(tls)
    )


def waiting(media: Path) -> list[Path]:
    return list(media.rglob("*.video"))


@pytest.mark.parametrize("version", [V3, V1], ids=["V3", "V1"])
def test_sdk_uploads_and_judges_a_file(
    safe: Service, tls: Certified, clips: Clips, media: Path, resolved: list[tuple[str, int]], version: str | None
) -> None:
    key = made(safe, "--prepaid")
    credited(safe, key, 1)
    with clips.bona_fide.open("rb") as file:
        answer = advanced(caller(safe, key, version), file, tls)
    (element,) = answer.body.data.elements
    assert 0 <= element.live_confidence <= 1
    assert answer.headers["x-alive402-verdict"] in {"live", "spoof", "inconclusive"}
    assert resolved == [(BUCKET_HOST, 443)]
    # Paid for once, and the file is deleted.
    assert (balance(safe, key), waiting(media)) == (0, [])


def pictured(client: Client, tls: Certified, *pictures: bytes) -> Any:
    tasks = [DetectLivingFaceAdvanceRequestTasks(image_urlobject=io.BytesIO(each)) for each in pictures]
    return client.detect_living_face_advance(DetectLivingFaceAdvanceRequest(tasks=tasks), options(tls))


@pytest.fixture(scope="module")
def face(person: list[Image]) -> bytes:
    return bytes(cv2.imencode(".jpg", person[60], [cv2.IMWRITE_JPEG_QUALITY, 95])[1])


@pytest.mark.parametrize("version", [V3, V1], ids=["V3", "V1"])
def test_sdk_uploads_and_judges_pictures(
    safe: Service, tls: Certified, face: bytes, media: Path, resolved: list[tuple[str, int]], version: str | None
) -> None:
    # Its balance is of the image service alone.
    key = made(safe, "--prepaid")
    credited(safe, key, 1, IMAGE_LIVENESS.id)
    answer = pictured(caller(safe, key, version), tls, *[face] * 10)
    elements = answer.body.data.elements
    assert [len(each.results) for each in elements] == [1] * 10
    assert all(each.image_url.startswith(f"http://{BUCKET_HOST}/api/uploads/") for each in elements)
    assert answer.headers["x-alive402-verdict"] in {"live", "spoof", "inconclusive"}
    assert resolved
    assert (balance(safe, key), waiting(media)) == (0, [])


def test_sdk_gets_the_reason_of_a_refused_picture(
    safe: Service, tls: Certified, face: bytes, media: Path, resolved: list[tuple[str, int]]
) -> None:
    client = caller(safe, made(safe))
    with pytest.raises(DaraException) as unusable:
        pictured(client, tls, face, b"no picture" * 100)
    assert unusable.value.code == "InvalidFile.Content"
    assert "unsupported_image" in str(unusable.value)
    assert resolved
    # Both are deleted: the SDK sends them anew with each call.
    assert waiting(media) == []


def test_upload_scripts_of_the_page_get_answers(
    safe: Service,
    tls: Certified,
    clips: Clips,
    face: bytes,
    resolved: list[tuple[str, int]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    video, pictures = re.findall(r"```\n(from alibabacloud.*?)```", PAGE, re.DOTALL)
    (tmp_path / "selfie.mp4").symlink_to(clips.attack)
    (tmp_path / "selfie.jpg").write_bytes(face)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(tls.authority))
    monkeypatch.setenv("ENDPOINT", safe.url.removeprefix("https://"))
    client = caller(safe, made(safe))
    del client._open_platform_endpoint
    told = {"client": client, "os": os, "RuntimeOptions": RuntimeOptions}
    for script in (video, pictures):
        exec(script, told)
        assert len(told["answer"].body.data.elements) == 1
    assert resolved == [(BUCKET_HOST, 443)]


def test_upload_error_table_lists_every_code() -> None:
    rows = [row for row in PAGE.splitlines() if row.startswith("| ")]
    for ours, told in TABLE.items():
        assert any(f"`{ours}`" in row and f"`{told.code}`" in row and f"| {told.status} " in row for row in rows), ours


def test_async_sdk_judges_a_file_in_memory(
    safe: Service,
    tls: Certified,
    clips: Clips,
    resolved: list[tuple[str, int]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Here the SDK takes no authority of the caller's own, but the system's.
    monkeypatch.setenv("SSL_CERT_FILE", str(tls.authority))
    request = DetectVideoLivingFaceAdvanceRequest(video_url_object=io.BytesIO(clips.attack.read_bytes()))
    client = caller(safe, made(safe))
    answer = asyncio.run(client.detect_video_living_face_advance_async(request, options(tls)))
    assert len(answer.body.data.elements) == 1
    assert resolved


def test_sdk_gets_the_reason_of_a_refused_file(
    safe: Service, tls: Certified, media: Path, resolved: list[tuple[str, int]]
) -> None:
    with pytest.raises(TeaException) as refused:
        advanced(caller(safe, made(safe)), io.BytesIO(b"x" * (MAX_BYTES + 1)), tls)
    assert refused.value.code == "EntityTooLarge"
    assert refused.value.message.startswith("video_too_large: ")
    assert refused.value.data["hostId"] == BUCKET_HOST
    with pytest.raises(DaraException) as unusable:
        advanced(caller(safe, made(safe)), io.BytesIO(b"no video" * 1_000), tls)
    assert unusable.value.code == "InvalidFile.Content"
    assert resolved
    assert waiting(media) == []

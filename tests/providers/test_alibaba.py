"""Tests of the cloud provider, which calls our own Alibaba API on loopback through the vendor's SDK."""

from __future__ import annotations

import socket
from typing import Any

import httpx
import jwt
import pytest
from pydantic import ValidationError

from alive402.settings import Settings
from tests.http.access_keys import made
from tests.http.conftest import Service, Start

PATH = "/api/tools/video-face-liveness-detection"


def reselling(start: Start, endpoint: str, key: dict[str, Any], **more: object) -> Service:
    return start(
        provider="alibaba",
        alibaba_access_key_id=key["accessKeyId"],
        alibaba_access_key_secret=key["key"],
        alibaba_endpoint=endpoint,
        **more,
    )


@pytest.fixture(scope="module")
def cloud(start: Start) -> Service:
    return start(calls_per_key="1000/second")


@pytest.fixture(scope="module")
def reseller(start: Start, cloud: Service) -> Service:
    return reselling(start, cloud.url, made(cloud))


def asked(service: Service, url: str) -> httpx.Response:
    headers = {"X-Api-Key": made(service)["key"]}
    return httpx.post(service.url + PATH, json={"VideoUrl": url}, headers=headers, timeout=180)


def test_cloud_answer_is_returned(reseller: Service, videos: str) -> None:
    answer = asked(reseller, f"{videos}/face.mp4")
    assert answer.status_code == 200, answer.text
    data = answer.json()["data"]
    (element,), report = data["Elements"], data["Liveness"]
    assert report["live_confidence"] == element["LiveConfidence"]
    assert report["verdict"] == ("live" if element["LiveConfidence"] >= report["threshold"] else "spoof")
    assert report["engine"]["version"] == "alibaba-cloud-facebody-2019-12-30"
    assert report["cues"] == {}
    claims = jwt.decode(data["Receipt"], options={"verify_signature": False})
    assert claims["videoSha256"] is None
    assert claims["weightsSha256"] is None
    assert claims["verdict"] == report["verdict"]
    assert claims["engine"] == report["engine"]["version"]


def test_operators_threshold_applies(start: Start, cloud: Service, videos: str) -> None:
    strict = reselling(start, cloud.url, made(cloud), alibaba_threshold=1.0)
    report = asked(strict, f"{videos}/face.mp4").json()["data"]["Liveness"]
    assert (report["verdict"], report["attack_type"]) == ("spoof", "unknown")


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/text.mp4", 415, "unsupported_video"),
        ("/big.mp4", 413, "video_too_large"),
        ("/missing.mp4", 424, "upstream_unreachable"),
    ],
)
def test_cloud_video_errors_are_reported(reseller: Service, videos: str, path: str, status: int, code: str) -> None:
    answer = asked(reseller, videos + path)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["charged"] is False


def test_cloud_refusal_is_a_service_fault(start: Start, cloud: Service, videos: str) -> None:
    wrong = reselling(start, cloud.url, {**made(cloud), "key": "another"})
    answer = asked(wrong, f"{videos}/face.mp4")
    assert (answer.status_code, answer.json()["code"]) == (500, "analysis_failed")
    assert "another" not in answer.text


def test_unreachable_cloud_is_reported(start: Start, cloud: Service, videos: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        slow = reselling(start, f"http://127.0.0.1:{port}", made(cloud), analysis_seconds=1.0)
        answer = asked(slow, f"{videos}/face.mp4")
        assert (answer.status_code, answer.json()["code"]) == (504, "analysis_timeout")
    answer = asked(slow, f"{videos}/face.mp4")
    assert (answer.status_code, answer.json()["code"]) == (500, "analysis_failed")


def test_forbidden_url_is_not_sent_to_the_cloud(reseller: Service) -> None:
    answer = asked(reseller, "ftp://example.com/a.mp4")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_url")


def test_provider_without_a_key_stops_the_start() -> None:
    with pytest.raises(ValidationError, match="ALIVE402_ALIBABA_ACCESS_KEY_ID"):
        Settings(provider="alibaba")


def test_challenge_is_refused_as_invalid_input(reseller: Service) -> None:
    headers = {"X-Api-Key": made(reseller)["key"]}
    given = {"VideoUrl": "https://example.com/a.mp4", "ChallengeId": "A" * 43}
    refused = httpx.post(reseller.url + PATH, json=given, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_input")
    assert "VideoUrl" in refused.json()["details"]["problems"][0]["message"]
    offered = httpx.get(f"{reseller.url}/openapi.json").json()["paths"][PATH]["post"]
    assert set(offered["requestBody"]["content"]["application/json"]["schema"]["properties"]) == {"VideoUrl"}

"""Tests of the RPC API through the vendor's unmodified SDK: answers and refusals by both signature versions."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest
from alibabacloud_facebody20191230.client import Client
from alibabacloud_facebody20191230.models import DetectVideoLivingFaceRequest
from alibabacloud_tea_util.models import RuntimeOptions
from darabonba.exceptions import DaraException

from alive402.demo import Clips, serve_files
from alive402.services import DEFINITIONS
from tests.http.access_keys import V1, V3, balance, command, credited, detect, made, sdk
from tests.http.conftest import Service, Start

BOTH = pytest.mark.parametrize("version", [V3, V1], ids=["V3", "V1"])


@pytest.fixture(scope="module")
def unthrottled(start: Start) -> Service:
    """A service with a high rate limit."""
    return start(calls_per_key="1000/second")


@pytest.fixture(scope="module")
def key(unthrottled: Service) -> dict[str, Any]:
    return made(unthrottled)


def refused(client: Client, url: str | None) -> tuple[int, str, dict[str, Any]]:
    with pytest.raises(DaraException) as caught:
        detect(client, url)
    error: Any = caught.value
    assert str(error.message).startswith(f"code: {error.status_code}, ")
    return error.status_code, error.code, error.data


@BOTH
def test_sdk_gets_a_verdict(unthrottled: Service, videos: str, key: dict[str, Any], version: str | None) -> None:
    answer = detect(sdk(unthrottled, key, version), f"{videos}/face.mp4")
    assert answer.status_code == 200
    (element,) = answer.body.data.elements
    assert 0 <= element.live_confidence <= 1
    assert 0 < element.face_confidence <= 1
    x1, y1, x2, y2 = element.rect
    assert x1 < x2
    assert y1 < y2
    assert answer.headers["x-acs-request-id"] == answer.body.request_id
    assert answer.headers["x-alive402-verdict"] in {"live", "spoof", "inconclusive"}
    assert answer.headers["x-alive402-receipt"].count(".") == 2
    # Nothing but the vendor's own fields.
    assert answer.body.to_map() == {"RequestId": answer.body.request_id, "Data": {"Elements": [element.to_map()]}}


def test_async_sdk_gets_a_verdict(unthrottled: Service, videos: str, key: dict[str, Any]) -> None:
    options = RuntimeOptions(read_timeout=180_000)
    request = DetectVideoLivingFaceRequest(video_url=f"{videos}/attack.mp4")
    answer = asyncio.run(sdk(unthrottled, key, V3).detect_video_living_face_with_options_async(request, options))
    assert len(answer.body.data.elements) == 1


@BOTH
@pytest.mark.parametrize(
    ("path", "status", "code", "ours"),
    [
        ("/text.mp4", 400, "InvalidFile.Content", "unsupported_video"),
        ("/cut.mp4", 400, "InvalidFile.Content", "unsupported_video"),
        ("/big.mp4", 400, "InvalidFile.Resolution", "video_too_large"),
        ("/empty.mp4", 400, "InvalidFile.Content", "no_face"),
        ("/missing.mp4", 400, "InvalidFile.Download", "upstream_status"),
    ],
)
def test_unusable_video_gets_an_error_code(
    unthrottled: Service,
    videos: str,
    key: dict[str, Any],
    version: str | None,
    path: str,
    status: int,
    code: str,
    ours: str,
) -> None:
    found = refused(sdk(unthrottled, key, version), videos + path)
    assert found[:2] == (status, code)
    body = found[2]
    assert body["Message"].startswith(f"{ours}: ")
    assert body.keys() >= {"RequestId", "HostId", "Code", "Message", "Recommend"}
    assert httpx.get(body["Recommend"]).status_code == 200


@BOTH
def test_video_of_noise_gets_an_error_code(
    unthrottled: Service, clips: Clips, key: dict[str, Any], version: str | None, tmp_path: Path
) -> None:
    good = clips.bona_fide.read_bytes()
    frames = good.index(b"mdat") + 4
    (tmp_path / "noise.mp4").write_bytes(good[:frames] + b"\xa5" * 200_000 + good[frames + 200_000 :])
    with serve_files(tmp_path) as host:
        assert refused(sdk(unthrottled, key, version), f"{host}/noise.mp4")[:2] == (400, "InvalidFile.Decode")


@BOTH
@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("ftp://example.com/a.mp4", "IllegalUrlParameter"),
        ("http://user:word@example.com/a.mp4", "IllegalUrlParameter"),
        ("", "ParameterError"),
        ("no url", "IllegalUrlParameter"),
        (None, "MissingParameter"),
        ("http://example.com/" + "a" * 3000, "ParameterError"),
        ("http://example.com/" + "a" * 20_000, "InvalidParameter"),
    ],
)
def test_invalid_url_is_refused(
    unthrottled: Service, key: dict[str, Any], version: str | None, url: str | None, code: str
) -> None:
    assert refused(sdk(unthrottled, key, version), url)[:2] == (400, code)


@BOTH
def test_wrong_secret_or_key_is_refused(unthrottled: Service, key: dict[str, Any], version: str | None) -> None:
    wrong = sdk(unthrottled, key, version, access_key_secret="ak_" + "x" * 43)
    assert refused(wrong, "http://example.com/a.mp4")[:2] == (400, "InvalidAccessKeySecret")
    unknown = sdk(unthrottled, key, version, access_key_id="AK" + "0" * 20)
    assert refused(unknown, "http://example.com/a.mp4")[:2] == (404, "InvalidAccessKeyId.NotFound")


@BOTH
def test_revoked_or_unscoped_key_is_refused(unthrottled: Service, version: str | None) -> None:
    watcher = made(unthrottled, scope="ledger")
    assert refused(sdk(unthrottled, watcher, version), "http://example.com/a.mp4")[:2] == (403, "AuthFailed")
    assert command(unthrottled, "revoke", watcher["id"]).exit_code == 0
    found = refused(sdk(unthrottled, watcher, version), "http://example.com/a.mp4")
    assert found[:2] == (404, "InvalidAccessKeyId.NotFound")


@BOTH
def test_private_address_is_not_fetched(start: Start, version: str | None) -> None:
    strict = start(allow_private_hosts=False)
    found = refused(sdk(strict, made(strict), version), "http://127.0.0.1:80/a.mp4")
    assert found[:2] == (400, "IllegalUrlParameter")
    assert "127.0.0.1" not in found[2]["Message"]


@BOTH
def test_calls_are_throttled_per_key(start: Start, version: str | None) -> None:
    slow = start(calls_per_key="2/day")
    mine, others = made(slow), made(slow)
    for _ in range(2):
        assert refused(sdk(slow, mine, version), "ftp://a")[1] != "Throttling"
    assert refused(sdk(slow, mine, version), "ftp://a")[:2] == (400, "Throttling")
    assert refused(sdk(slow, others, version), "ftp://a")[1] != "Throttling"
    # Whoever cannot sign uses up nobody's calls.
    third = made(slow)
    for _ in range(3):
        refused(sdk(slow, third, version, access_key_secret="another"), "ftp://a")
    assert refused(sdk(slow, third, version), "ftp://a")[1] != "Throttling"


@BOTH
def test_prepaid_key_is_charged_for_answers_only(unthrottled: Service, videos: str, version: str | None) -> None:
    key = made(unthrottled, "--prepaid")
    client = sdk(unthrottled, key, version)
    assert refused(client, f"{videos}/face.mp4")[:2] == (403, "InvalidApi.NotPurchase")
    credited(unthrottled, key, 1)
    assert refused(client, f"{videos}/empty.mp4")[1] == "InvalidFile.Content"
    assert balance(unthrottled, key) == 1
    first = detect(client, f"{videos}/face.mp4")
    assert balance(unthrottled, key) == 0
    assert refused(client, f"{videos}/attack.mp4")[:2] == (403, "InvalidApi.NotPurchase")
    # The answer that was bought last is given again: it may have been lost on its way.
    again = detect(client, f"{videos}/face.mp4")
    assert again.body.to_map() == first.body.to_map()
    # The same key at the ordinary door, the same balance.
    path = "/api/tools/video-face-liveness-detection"
    headers = {"X-Api-Key": key["key"]}
    empty = httpx.post(unthrottled.url + path, json={"VideoUrl": f"{videos}/attack.mp4"}, headers=headers)
    assert (empty.status_code, empty.json()["code"]) == (402, "token_exhausted")
    assert empty.json()["accepts"]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"action": "DetectEverything"}, "InvalidAction.NotFound"),
        ({"version": "2017-01-01"}, "InvalidAction.NotFound"),
    ],
)
@BOTH
def test_unknown_action_is_refused(
    unthrottled: Service, key: dict[str, Any], version: str | None, changed: dict[str, str], code: str
) -> None:
    from alibabacloud_tea_openapi.client import Client as Any_
    from alibabacloud_tea_openapi.models import OpenApiRequest, Params

    client = sdk(unthrottled, key, version)
    params = {
        "action": "DetectVideoLivingFace",
        "version": "2019-12-30",
        "protocol": "HTTPS",
        "pathname": "/",
        "method": "POST",
        "auth_type": "AK",
        "style": "RPC",
        "req_body_type": "formData",
        "body_type": "json",
    }
    with pytest.raises(DaraException) as caught:
        Any_.call_api(client, Params(**{**params, **changed}), OpenApiRequest(body={"VideoUrl": "x"}), RuntimeOptions())
    assert caught.value.code == code
    assert all(each.action in caught.value.message for each in DEFINITIONS)


@BOTH
def test_sts_token_is_refused(unthrottled: Service, key: dict[str, Any], version: str | None) -> None:
    """The service issues none, so a caller must not believe that one was checked."""
    client = sdk(unthrottled, key, version, security_token="a token of the cloud", type="sts")
    status, code, body = refused(client, "http://example.com/a.mp4")
    assert (status, code) == (400, "InvalidSecurityToken.Malformed")
    assert "AccessKeySecret" in body["Message"]


def test_errors_recommend_the_page_of_the_called_service(unthrottled: Service) -> None:
    for definition in DEFINITIONS:
        headers = {"x-acs-action": definition.action, "x-acs-version": "2019-12-30"}
        body = httpx.post(unthrottled.url, headers=headers).json()
        assert body["Recommend"] == unthrottled.url + definition.page
        assert httpx.get(body["Recommend"]).status_code == 200

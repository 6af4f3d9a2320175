"""Tests of requests signed by the vendor's SDK: altered or repeated ones are refused."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
from alibabacloud_tea_openapi.utils import Utils
from darabonba.core import DaraCore
from darabonba.exceptions import UnretryableException
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.conftest import EXAMPLES
from tests.http.access_keys import V1, V3, detect, made, sdk
from tests.http.conftest import Service, Start

BOTH = pytest.mark.parametrize("version", [V3, V1], ids=["V3", "V1"])
# Nothing listens there: a request that was believed would be told so.
NOWHERE = "http://127.0.0.1:9/a.mp4"
BELIEVED = "InvalidFile.Download"
FORM = {"content-type": "application/x-www-form-urlencoded"}
# Anything else that a well signed request could be told would be a change that was not seen.
NOT_BELIEVED = {
    "InvalidAccessKeySecret",
    "InvalidAccessKeyId.NotFound",
    "IncompleteSignature",
    "IllegalTimestamp",
    "MissingParameter",
    "InvalidParameter",
}


@dataclass(frozen=True)
class Sent:
    """A request of the SDK, as sent."""

    method: str
    query: str
    headers: dict[str, str]
    body: bytes

    def to(self, service: Service) -> str:
        """Send it; returns the error code."""
        # Not httpx: it would mend or refuse what is to be sent broken.
        connection = http.client.HTTPConnection(service.url.removeprefix("http://"), timeout=60)
        connection.putrequest(self.method, f"/?{self.query}" if self.query else "/", True, True)
        for name, value in {**self.headers, "content-length": str(len(self.body))}.items():
            connection.putheader(name, value)
        connection.endheaders(self.body)
        with connection.getresponse() as answer:
            status, told = answer.status, json.load(answer)
        connection.close()
        assert status >= 400
        return str(told["Code"])


def signed(service: Service, key: dict[str, Any], version: str | None, monkeypatch: pytest.MonkeyPatch) -> Sent:
    """The request that the SDK would send."""
    taken: list[Any] = []

    def take(request: Any, _runtime: Any = None) -> Any:
        taken.append(request)
        raise RuntimeError("taken")

    with monkeypatch.context() as patched:
        patched.setattr(DaraCore, "do_action", staticmethod(take))
        with pytest.raises(UnretryableException):
            detect(sdk(service, key, version), NOWHERE)
    request = taken[0]
    url = httpx.URL(DaraCore.compose_url(request))
    body = request.body.encode() if isinstance(request.body, str) else request.body
    return Sent(request.method, url.query.decode(), dict(request.headers), body)


@pytest.fixture(scope="module")
def unthrottled(start: Start) -> Service:
    return start(calls_per_key="1000/second", free_failures_per_address="10000/hour")


@pytest.fixture(scope="module")
def key(unthrottled: Service) -> dict[str, Any]:
    return made(unthrottled)


@BOTH
def test_signed_request_is_accepted_once(
    unthrottled: Service, key: dict[str, Any], version: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = signed(unthrottled, key, version, monkeypatch)
    assert request.to(unthrottled) == BELIEVED
    assert request.to(unthrottled) == "SignatureNonceUsed"


@BOTH
@pytest.mark.parametrize("date", ["2020-01-01T00:00:00Z", "2090-01-01T00:00:00Z", "yesterday", "2026-01-01 00:00:00"])
def test_stale_or_malformed_date_is_refused(
    unthrottled: Service, key: dict[str, Any], version: str | None, date: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Utils, "get_timestamp", staticmethod(lambda: date))
    assert signed(unthrottled, key, version, monkeypatch).to(unthrottled) == "IllegalTimestamp"


@BOTH
def test_one_changed_byte_is_refused(
    unthrottled: Service, key: dict[str, Any], version: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = signed(unthrottled, key, version, monkeypatch)
    parts = ["query", "body"] if version == V1 else ["body", *(name for name in good.headers)]

    @settings(max_examples=2 * EXAMPLES)
    @given(part=st.sampled_from(parts), where=st.integers(0, 10_000), put=st.integers(0x21, 0x7E))
    def changed(part: str, where: int, put: int) -> None:
        text = good.headers[part] if part in good.headers else good.body.decode() if part == "body" else good.query
        at = where % len(text)
        altered = text[:at] + chr(put) + text[at + 1 :]
        assume(altered != text)
        if part == "body":
            assume(_meaning(good.query, altered) != _meaning(good.query, text) or version == V3)
            sent = replace(good, body=altered.encode())
        elif part == "query":
            assume(_meaning(altered, "") != _meaning(text, ""))
            sent = replace(good, query=altered)
        else:
            sent = replace(good, headers={**good.headers, part: altered})
        assert sent.to(unthrottled) in NOT_BELIEVED

    changed()
    # And the one that they were made from was good all the while.
    assert good.to(unthrottled) == BELIEVED


def _meaning(query: str, body: str) -> list[tuple[str, str]]:
    """The decoded parameters, which V1 signs."""
    return sorted(parse_qsl(query, keep_blank_values=True) + parse_qsl(body, keep_blank_values=True))


def test_parameter_added_after_signing_is_refused(
    unthrottled: Service, key: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    good = signed(unthrottled, key, V3, monkeypatch)
    added = {**good.headers, "x-acs-parameter": "another"}
    assert replace(good, headers=added).to(unthrottled) == "IncompleteSignature"
    assert replace(good, query="VideoUrl=http%3A%2F%2Fexample.com").to(unthrottled) == "InvalidParameter"
    assert replace(good, query="Format=JSON").to(unthrottled) == "InvalidAccessKeySecret"
    assert replace(good, method="GET").to(unthrottled) == "InvalidAccessKeySecret"
    older = signed(unthrottled, key, V1, monkeypatch)
    assert (
        replace(older, query=older.query + "&VideoUrl=http%3A%2F%2Fexample.com").to(unthrottled) == "InvalidParameter"
    )
    assert replace(older, query=older.query + "&RegionId=cn").to(unthrottled) == "InvalidAccessKeySecret"
    assert replace(older, query=older.query.replace("1.0", "1.1")).to(unthrottled) == "IncompleteSignature"
    assert good.to(unthrottled) == older.to(unthrottled) == BELIEVED


@pytest.mark.parametrize(
    ("query", "headers", "body", "code"),
    [
        ("", {}, b"", "MissingParameter"),
        ("", {}, b"VideoUrl=http%3A%2F%2Fexample.com", "MissingParameter"),
        ("", {"authorization": "Bearer ak_x"}, b"", "IncompleteSignature"),
        ("", {"authorization": "ACS3-HMAC-SHA256 Credential=,SignedHeaders=,Signature="}, b"", "IncompleteSignature"),
        ("a=1&a=2", {}, b"", "InvalidParameter"),
        ("a=%FF", {}, b"", "InvalidParameter"),
        ("&&&", {}, b"", "InvalidParameter"),
        ("&".join(f"a{number}=1" for number in range(300)), {}, b"", "InvalidParameter"),
        ("", {"content-type": "application/json"}, b"{}", "InvalidParameter"),
        ("", {"content-type": "application/x-www-form-urlencoded"}, b"\xff\x00=%", "InvalidParameter"),
        ("", {"content-type": "application/x-www-form-urlencoded"}, b"a=" + b"b" * 20_000, "InvalidParameter"),
    ],
)
def test_unsigned_request_is_refused(
    unthrottled: Service, query: str, headers: dict[str, str], body: bytes, code: str
) -> None:
    headers = {"host": "localhost", **(FORM if body else {}), **headers}
    assert Sent("POST", query, headers, body).to(unthrottled) == code


def test_home_page_is_still_served(unthrottled: Service) -> None:
    answer = httpx.get(unthrottled.url)
    assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (200, "text/html")
    signed_like = httpx.get(unthrottled.url, headers={"x-acs-action": "DetectVideoLivingFace"})
    assert (signed_like.status_code, signed_like.json()["Code"]) == (400, "MissingParameter")

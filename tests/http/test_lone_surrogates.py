"""Tests of JSON with a lone surrogate, or with 2.0 for an integer: a client error, not a fault of the service."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from alive402.catalog import LIVENESS
from tests.http.conftest import Service

HALF = "\ud800"
_JSON = {"Content-Type": "application/json"}


def posted(url: str, body: object, **headers: str) -> httpx.Response:
    return httpx.post(url, content=json.dumps(body), headers={**_JSON, **headers})


def test_credited_key_id_with_a_lone_surrogate_is_refused(service: Service) -> None:
    asked = posted(f"{service.url}/api/payments", {"serviceId": LIVENESS.id}).json()
    for name in (HALF, "\0", "\u00e9"):
        refused = posted(f"{service.url}/api/payments/{asked['paymentId']}/pay", {"accessKeyId": name})
        assert (refused.status_code, refused.json()["code"]) == (400, "invalid_input")


@pytest.mark.parametrize("calls", [2, 2.0])
def test_call_count_must_be_an_integer(service: Service, calls: float) -> None:
    asked = posted(f"{service.url}/api/payments", {"serviceId": LIVENESS.id, "maxCalls": calls}).json()
    assert [type(asked[name]) for name in ("maxCalls", "remainingCalls", "amountCents")] == [int] * 3
    assert asked["maxCalls"] == 2


@pytest.mark.parametrize(
    ("arguments", "meta", "code"),
    [
        ({"paymentToken": HALF}, {}, "invalid_input"),
        ({"paymentToken": "a", "idempotencyKey": HALF}, {}, "invalid_input"),
        ({}, {"x402/payment": HALF}, "payment_malformed"),
        ({}, {"x402/payment": {HALF: HALF}}, "payment_malformed"),
    ],
)
def test_mcp_reports_lone_surrogates(
    service: Service, arguments: dict[str, Any], meta: dict[str, Any], code: str
) -> None:
    version = "2026-07-28"
    envelope = {"protocolVersion": version, "clientCapabilities": {}, "clientInfo": {"name": "a", "version": "1"}}
    params = {
        "name": LIVENESS.tool_name,
        "arguments": {"VideoUrl": "https://example.com/a.mp4", **arguments},
        "_meta": {**{f"io.modelcontextprotocol/{name}": value for name, value in envelope.items()}, **meta},
    }
    answer = posted(
        f"{service.url}/mcp",
        {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params},
        **{
            "Accept": "application/json, text/event-stream",
            "MCP-Protocol-Version": version,
            "Mcp-Method": "tools/call",
            "Mcp-Name": LIVENESS.tool_name,
        },
    )
    assert answer.json()["result"]["structuredContent"]["code"] == code

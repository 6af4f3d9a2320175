"""Requests with and without payment, and the service's answers."""

from __future__ import annotations

import base64
import json
from typing import Any

import httpx

from tests.wire.service import IMAGE_TOOL, SERVICE, TOOL, Wire, until


def encoded(value: Any) -> str:
    return base64.b64encode(json.dumps(value).encode()).decode()


def webhook_headers(headers: dict[str, str]) -> list[str]:
    return sorted(each.lower() for each in headers if each.lower().startswith("webhook"))


def payment_required(wire: Wire, video: dict[str, str]) -> dict[str, Any]:
    return {
        "version 2": wire.said(wire.ask("POST", TOOL, json=video)),
        "version 1": wire.said(wire.ask("POST", f"{TOOL}?x402Version=1", json=video)),
        "images": wire.said(wire.ask("POST", IMAGE_TOOL)),
    }


def paid_answer_again(
    wire: Wire, video: dict[str, str], payment: dict[str, Any], bought: httpx.Response
) -> dict[str, Any]:
    again = wire.ask("POST", TOOL, json=video, headers={"PAYMENT-SIGNATURE": encoded(payment)})
    assert again.json() == bought.json()
    old = {"x402Version": 1, "scheme": "exact", "network": "base-sepolia", "payload": payment["payload"]}
    stored = bought.json()["reportUrl"]
    return {
        "version 1": wire.said(wire.ask("POST", TOOL, json=video, headers={"X-PAYMENT": encoded(old)})),
        "mcp": wire.tool(video, {"x402/payment": payment}),
        "report": wire.said(wire.ask("GET", stored)),
        "report as JSON": wire.said(wire.ask("GET", f"{stored}/answer.json")),
        "ledger list": wire.normal.json(wire.cli("ledger", "list")),
        "ledger income": wire.normal.json(wire.cli("ledger", "income")),
    }


def payment_refusals(wire: Wire, video: dict[str, str], payment: dict[str, Any]) -> dict[str, Any]:
    def paid_with(**changed: Any) -> dict[str, str]:
        return {"PAYMENT-SIGNATURE": encoded({**payment, **changed})}

    forged = {**payment["payload"], "signature": "0x" + "11" * 65}
    fresh = wire.signed(wire.ask("POST", TOOL, json=video))
    asked: dict[str, dict[str, str]] = {
        "malformed": {"PAYMENT-SIGNATURE": "nothing"},
        "malformed version 1": {"X-PAYMENT": "nothing"},
        "forged": paid_with(payload=forged),
        "other resource": {
            "PAYMENT-SIGNATURE": encoded({**fresh, "resource": {**fresh["resource"], "url": "http://other.test/"}})
        },
        "unknown token": {"X-Payment-Token": "unknown"},
        "unknown key": {"X-Api-Key": "ak_unknown"},
        "unknown bearer": {"Authorization": "Bearer ak_unknown"},
    }
    found = {name: wire.said(wire.ask("POST", TOOL, json=video, headers=each)) for name, each in asked.items()}
    other = {"VideoUrl": f"{wire.media.url}/other.mp4"}
    found["spent"] = wire.said(wire.ask("POST", TOOL, json=other, headers=paid_with()))
    return found


def prepaid_payment(wire: Wire, video: dict[str, str]) -> dict[str, Any]:
    secret = "a-secret-of-one-client"
    made = wire.ask("POST", "/api/payments", json={"serviceId": SERVICE, "maxCalls": 2, "clientSecret": secret})
    path = f"/api/payments/{made.json()['paymentId']}"
    unpaid = wire.ask("POST", f"{path}/pay", headers={"X-Client-Secret": secret})
    headers = {"PAYMENT-SIGNATURE": encoded(wire.signed(unpaid)), "X-Client-Secret": secret}
    paid = wire.ask("POST", f"{path}/pay", headers=headers)
    token = {"X-Payment-Token": made.json()["token"], "X-Client-Secret": secret}
    missing = {"VideoUrl": f"{wire.media.url}/none.mp4"}
    return {
        "created": wire.said(made),
        "unpaid": wire.said(unpaid),
        "paid": wire.said(paid),
        "shown": wire.said(wire.ask("GET", path)),
        "failed call": wire.said(wire.ask("POST", TOOL, json=missing, headers=token)),
        "without secret": wire.said(
            wire.ask("POST", TOOL, json=video, headers={"X-Payment-Token": token["X-Payment-Token"]})
        ),
        "unknown service": wire.said(wire.ask("POST", "/api/payments", json={"serviceId": "unknown"})),
        "invalid": wire.said(wire.ask("POST", "/api/payments", json={"serviceId": SERVICE, "maxCalls": 0})),
        "unknown payment": wire.said(wire.ask("GET", "/api/payments/unknown")),
    }


def webhooks(wire: Wire) -> dict[str, Any]:
    def found() -> dict[str, Any]:
        posted = [(headers, body) for path, headers, body in list(wire.media.posted) if path == "/webhook"]
        return {
            body["type"]: {"headers": webhook_headers(headers), "body": wire.normal.json(body)}
            for headers, body in posted
            if body["type"] in ("call.settled", "key.used")
        }

    until(lambda: len(found()) == 2)
    return found()

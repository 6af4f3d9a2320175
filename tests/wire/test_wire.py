"""Tests of each public surface against its recorded form; `python -m tests.wire.record` records it anew."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.wire import command_line, interfaces, paying
from tests.wire.paying import encoded
from tests.wire.recorded import check
from tests.wire.service import SERVICE, TOOL, Wire
from tests.wire.settings import variables
from tests.wire.stdio import Stdio

MCP_TOOL = SERVICE.replace("-", "_")
PAGES = ("/", f"/services/{SERVICE}", "/services/face-liveness-detection", "/accuracy", "/privacy")
TEXTS = (
    "/llms.txt",
    "/ai.txt",
    "/robots.txt",
    f"/services/{SERVICE}/llms.txt",
    "/services/face-liveness-detection/llms.txt",
)
DOCUMENTS = (
    "/api/catalog",
    "/api/services",
    "/api/catalog/search?q=liveness",
    "/api/catalog/openai-functions.json",
    "/api/agent-guide",
    "/api/discovery/audit",
    "/.well-known/server402.json",
    "/.well-known/api-catalog",
    "/.well-known/jwks.json",
    "/.well-known/x402",
    "/apis.json",
    "/healthz",
    "/readyz",
)
CLAIMS = (SERVICE, MCP_TOOL, "face-liveness-detection", "face_liveness_detection", "paymentToken", "x402/payment")


@pytest.fixture(scope="session")
def video(wire: Wire) -> dict[str, str]:
    """The input of an answered call."""
    return {"VideoUrl": f"{wire.media.url}/face.mp4"}


@pytest.fixture(scope="session")
def payment(wire: Wire, video: dict[str, str]) -> dict[str, Any]:
    """An x402 payment of one call."""
    return wire.signed(wire.ask("POST", TOOL, json=video))


@pytest.fixture(scope="session")
def bought(wire: Wire, video: dict[str, str], payment: dict[str, Any]) -> httpx.Response:
    """The answer to the call that `payment` paid for."""
    return wire.ask("POST", TOOL, json=video, headers={"PAYMENT-SIGNATURE": encoded(payment)})


@pytest.fixture(scope="session")
def key(wire: Wire) -> dict[str, Any]:
    """A free API key that also signs requests."""
    return dict(wire.cli("keys", "create", "--name", "wire", "--scope", "call", "--scope", "ops", "--access-key"))


@pytest.fixture(scope="session")
def called_by_rpc(wire: Wire, video: dict[str, str], key: dict[str, Any]) -> httpx.Response:
    """The answer to a call that is signed as Alibaba's SDKs do."""
    return wire.rpc(key, **video)


def test_settings() -> None:
    check("settings", variables())


def test_command_line_options() -> None:
    check("command_line", command_line.commands())


def test_command_line_exit_codes() -> None:
    asked = (
        (),
        ("--version",),
        ("--help",),
        ("nothing",),
        ("serve", "--port", "many"),
        ("serve", "--network", "nowhere"),
        ("analyze",),
        ("analyze", "missing.mp4"),
        ("keys", "create", "--name", "x", "--scope", "unknown"),
        ("models", "add", "unknown"),
    )
    check("exit_codes", {" ".join(words): command_line.run(*words)[0] for words in asked})


def test_openapi(wire: Wire) -> None:
    document = wire.ask("GET", "/openapi.json").json()
    assert wire.ask("GET", "/api/catalog/openapi.json").json() == document
    check("openapi", wire.normal.json(document))


@pytest.mark.parametrize("path", DOCUMENTS)
def test_discovery_documents(wire: Wire, path: str) -> None:
    name = path.partition("?")[0].strip("/.").replace("/", "_").removesuffix(".json")
    check(f"discovery_{name}", wire.said(wire.ask("GET", path)))


def test_texts_name_the_same_addresses(wire: Wire) -> None:
    check("texts", {path: text(wire, wire.ask("GET", path)) for path in TEXTS})


def text(wire: Wire, answer: httpx.Response) -> dict[str, Any]:
    names = wire.normal.named(answer.text, frozenset(CLAIMS))
    return {"status": answer.status_code, "headers": wire.normal.headers(answer.headers), "names": names}


def test_pages_link_to_the_same_addresses(wire: Wire) -> None:
    check("pages", {path: wire.said(wire.ask("GET", path)) for path in (*PAGES, "/sitemap.xml")})


def test_database_schema(wire: Wire) -> None:
    check("database", wire.schema())


def test_local_mcp_server(stdio: Stdio, wire: Wire) -> None:
    check(
        "mcp_local",
        wire.normal.json(
            {
                "initialize": stdio.ready(),
                "tools": stdio.ask(1, "tools/list"),
                "resources": stdio.ask(2, "resources/list"),
                "missing file": stdio.ask(3, "tools/call", {"name": MCP_TOOL, "arguments": {"VideoUrl": "/none.mp4"}}),
                "invalid input": stdio.ask(4, "tools/call", {"name": MCP_TOOL, "arguments": {}}),
                "unknown tool": stdio.ask(5, "tools/call", {"name": "unknown", "arguments": {}}),
            }
        ),
    )


def test_paid_mcp_server(wire: Wire) -> None:
    guide = wire.mcp("resources/read", {"uri": "alive402://guide"})
    check(
        "mcp_paid",
        {
            "tools": wire.normal.json(wire.mcp("tools/list")),
            "resources": wire.normal.json(wire.mcp("resources/list")),
            "templates": wire.normal.json(wire.mcp("resources/templates/list")),
            "guide": wire.normal.named(guide["result"]["contents"][0]["text"], frozenset(CLAIMS)),
        },
    )


def test_paid_mcp_refusals(wire: Wire, video: dict[str, str]) -> None:
    check(
        "mcp_refusals",
        {
            "unpaid": wire.tool(video),
            "unpaid without input": wire.tool({}),
            "invalid input": wire.tool({"VideoUrl": 1}),
            "unknown token": wire.tool({**video, "paymentToken": "unknown"}),
            "malformed payment": wire.tool(video, {"x402/payment": "no payment"}),
            "unknown tool": wire.normal.json(wire.mcp("tools/call", {"name": "unknown", "arguments": {}})),
            "unknown method": wire.normal.json(wire.mcp("nothing/at/all")),
            "unknown resource": wire.normal.json(wire.mcp("resources/read", {"uri": "alive402://unknown"})),
        },
    )


def test_payment_required(wire: Wire, video: dict[str, str]) -> None:
    check("payment_required", paying.payment_required(wire, video))


def test_paid_answer(wire: Wire, bought: httpx.Response) -> None:
    assert bought.status_code == 200, bought.text
    check("paid_answer", wire.said(bought))


def test_paid_answer_again(wire: Wire, video: dict[str, str], payment: dict[str, Any], bought: httpx.Response) -> None:
    check("paid_answer_again", paying.paid_answer_again(wire, video, payment, bought))


def test_payment_refusals(wire: Wire, video: dict[str, str], payment: dict[str, Any], bought: httpx.Response) -> None:
    check("payment_refusals", paying.payment_refusals(wire, video, payment))


def test_prepaid_payment(wire: Wire, video: dict[str, str]) -> None:
    check("prepaid_payment", paying.prepaid_payment(wire, video))


def test_images(wire: Wire, key: dict[str, Any]) -> None:
    check("images", interfaces.images(wire, key))


def test_job(wire: Wire, video: dict[str, str], key: dict[str, Any]) -> None:
    check("job", interfaces.job(wire, video, key))


def test_webhooks(wire: Wire, bought: httpx.Response, called_by_rpc: httpx.Response) -> None:
    check("webhooks", paying.webhooks(wire))


def test_uploads(wire: Wire, key: dict[str, Any]) -> None:
    check("uploads", interfaces.uploads(wire, key))


def test_refusals(wire: Wire, key: dict[str, Any]) -> None:
    check("refusals", interfaces.refusals(wire, key))


def test_faucet_and_wallets(wire: Wire) -> None:
    check("test_money", interfaces.faucet_and_wallets(wire))


def test_operation(wire: Wire, bought: httpx.Response, key: dict[str, Any]) -> None:
    check("operation", interfaces.operation(wire, key))


def test_command_line_answers(wire: Wire, key: dict[str, Any]) -> None:
    check("command_line_answers", interfaces.command_line_answers(wire, key))


def test_alibaba_rpc(wire: Wire, video: dict[str, str], key: dict[str, Any], called_by_rpc: httpx.Response) -> None:
    check("alibaba_rpc", interfaces.alibaba_rpc(wire, video, key, called_by_rpc))


def test_alibaba_object_upload(wire: Wire, key: dict[str, Any]) -> None:
    check("alibaba_object_upload", interfaces.alibaba_object_upload(wire, key))

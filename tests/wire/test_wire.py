"""Compares each public surface with its recorded form; `python -m tests.wire.record` records it anew."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import httpx
import pytest

from tests.wire import command_line
from tests.wire.recorded import check
from tests.wire.service import IMAGE_TOOL, SERVICE, TOOL, UPLOAD_HOST, Stdio, Wire, until
from tests.wire.settings import variables

MCP_TOOL = SERVICE.replace("-", "_")
PAGES = ("/", f"/services/{SERVICE}", "/services/face-liveness-detection", "/privacy")
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
    "/apis.json",
    "/healthz",
    "/readyz",
)
CLAIMS = (SERVICE, MCP_TOOL, "face-liveness-detection", "face_liveness_detection", "paymentToken", "x402/payment")


@pytest.fixture(scope="session")
def video(wire: Wire) -> dict[str, str]:
    """The input of a call that is answered."""
    return {"VideoUrl": f"{wire.media.url}/face.mp4"}


@pytest.fixture(scope="session")
def payment(wire: Wire, video: dict[str, str]) -> dict[str, Any]:
    """An x402 payment of one call."""
    return wire.signed(wire.ask("POST", TOOL, json=video))


@pytest.fixture(scope="session")
def bought(wire: Wire, video: dict[str, str], payment: dict[str, Any]) -> httpx.Response:
    """The answer of the call that `payment` paid for."""
    return wire.ask("POST", TOOL, json=video, headers={"PAYMENT-SIGNATURE": encoded(payment)})


@pytest.fixture(scope="session")
def key(wire: Wire) -> dict[str, Any]:
    """A free API key that signs requests too."""
    return dict(wire.cli("keys", "create", "--name", "wire", "--scope", "call", "--scope", "ops", "--access-key"))


@pytest.fixture(scope="session")
def called_by_rpc(wire: Wire, video: dict[str, str], key: dict[str, Any]) -> httpx.Response:
    """The answer of a call that is signed as Alibaba's SDKs do."""
    return wire.rpc(key, **video)


def encoded(value: Any) -> str:
    return base64.b64encode(json.dumps(value).encode()).decode()


# Documents


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


# MCP


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


# Paying over HTTP


def test_payment_required(wire: Wire, video: dict[str, str]) -> None:
    check(
        "payment_required",
        {
            "version 2": wire.said(wire.ask("POST", TOOL, json=video)),
            "version 1": wire.said(wire.ask("POST", f"{TOOL}?x402Version=1", json=video)),
            "images": wire.said(wire.ask("POST", IMAGE_TOOL)),
        },
    )


def test_paid_answer(wire: Wire, bought: httpx.Response) -> None:
    assert bought.status_code == 200, bought.text
    check("paid_answer", wire.said(bought))


def test_paid_answer_again(wire: Wire, video: dict[str, str], payment: dict[str, Any], bought: httpx.Response) -> None:
    again = wire.ask("POST", TOOL, json=video, headers={"PAYMENT-SIGNATURE": encoded(payment)})
    assert again.json() == bought.json()
    old = {"x402Version": 1, "scheme": "exact", "network": "base-sepolia", "payload": payment["payload"]}
    stored = bought.json()["reportUrl"]
    check(
        "paid_answer_again",
        {
            "version 1": wire.said(wire.ask("POST", TOOL, json=video, headers={"X-PAYMENT": encoded(old)})),
            "mcp": wire.tool(video, {"x402/payment": payment}),
            "report": wire.said(wire.ask("GET", stored)),
            "report as JSON": wire.said(wire.ask("GET", f"{stored}/answer.json")),
            "ledger list": wire.normal.json(wire.cli("ledger", "list")),
            "ledger income": wire.normal.json(wire.cli("ledger", "income")),
        },
    )


def test_payment_refusals(wire: Wire, video: dict[str, str], payment: dict[str, Any], bought: httpx.Response) -> None:
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
    check("payment_refusals", found)


def test_prepaid_payment(wire: Wire, video: dict[str, str]) -> None:
    secret = "a-secret-of-one-client"
    made = wire.ask("POST", "/api/payments", json={"serviceId": SERVICE, "maxCalls": 2, "clientSecret": secret})
    path = f"/api/payments/{made.json()['paymentId']}"
    unpaid = wire.ask("POST", f"{path}/pay", headers={"X-Client-Secret": secret})
    headers = {"PAYMENT-SIGNATURE": encoded(wire.signed(unpaid)), "X-Client-Secret": secret}
    paid = wire.ask("POST", f"{path}/pay", headers=headers)
    token = {"X-Payment-Token": paid.json()["token"], "X-Client-Secret": secret}
    missing = {"VideoUrl": f"{wire.media.url}/none.mp4"}
    check(
        "prepaid_payment",
        {
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
        },
    )


# Other requests


def test_images(wire: Wire, key: dict[str, Any]) -> None:
    headers = {"X-Api-Key": key["key"]}
    missing = {"Tasks": [{"ImageURL": f"{wire.media.url}/none.jpg"}]}
    no_image = {"Tasks": [{"ImageData": base64.b64encode(b"no image").decode()}]}
    check(
        "images",
        {
            "missing": wire.said(wire.ask("POST", IMAGE_TOOL, json=missing, headers=headers)),
            "no image": wire.said(wire.ask("POST", IMAGE_TOOL, json=no_image, headers=headers)),
            "no task": wire.said(wire.ask("POST", IMAGE_TOOL, json={"Tasks": []}, headers=headers)),
        },
    )


def test_job(wire: Wire, video: dict[str, str], key: dict[str, Any]) -> None:
    headers = {"Prefer": "respond-async", "X-Api-Key": key["key"], "X-Callback-Url": f"{wire.media.url}/callback"}
    started = wire.ask("POST", TOOL, json=video, headers=headers)
    url = started.json()["statusUrl"]
    answers: list[httpx.Response] = []

    def done() -> bool:
        answers.append(wire.ask("GET", url))
        return answers[-1].json()["status"] in ("done", "failed")

    until(done)
    events = wire.ask("GET", f"{url}/events").text
    failing = {"VideoUrl": f"{wire.media.url}/text.mp4"}
    failed_url = wire.ask("POST", TOOL, json=failing, headers=headers).json()["statusUrl"]
    until(lambda: wire.ask("GET", failed_url).json()["status"] == "failed")
    until(lambda: len(callbacks(wire)) == 2)
    check(
        "job",
        {
            "started": masked_state(wire.said(started)),
            "done": wire.said(answers[-1]),
            "failed": wire.said(wire.ask("GET", failed_url)),
            "callbacks": callbacks(wire),
            "ended events": [line for line in events.splitlines() if line.startswith("event")],
            "cancelled after its end": wire.said(wire.ask("DELETE", url)),
            "unknown": wire.said(wire.ask("GET", "/api/jobs/unknown")),
            "invalid callback": wire.said(
                wire.ask("POST", TOOL, json=video, headers={**headers, "X-Callback-Url": "ftp://host"})
            ),
        },
    )


def callbacks(wire: Wire) -> dict[str, Any]:
    """What was posted to the callback, by the state that it told."""
    posted = [(headers, body) for path, headers, body in list(wire.media.posted) if path == "/callback"]
    return {
        body["status"]: {"headers": webhook_headers(headers), "body": wire.normal.json(body)}
        for headers, body in posted
    }


def masked_state(said: dict[str, Any]) -> dict[str, Any]:
    """A running job without how far it is."""
    assert said["body"]["status"] in ("queued", "working")
    return {**said, "body": {**said["body"], "status": "<state>", "stage": "<stage>"}}


def test_webhooks(wire: Wire, bought: httpx.Response, called_by_rpc: httpx.Response) -> None:
    def found() -> dict[str, Any]:
        posted = [(headers, body) for path, headers, body in list(wire.media.posted) if path == "/webhook"]
        return {
            body["type"]: {"headers": webhook_headers(headers), "body": wire.normal.json(body)}
            for headers, body in posted
            if body["type"] in ("call.settled", "key.used")
        }

    until(lambda: len(found()) == 2)
    check("webhooks", found())


def webhook_headers(headers: dict[str, str]) -> list[str]:
    return sorted(each.lower() for each in headers if each.lower().startswith("webhook"))


def test_uploads(wire: Wire, key: dict[str, Any]) -> None:
    headers = {"X-Api-Key": key["key"]}
    raw = {**headers, "Content-Type": "video/mp4"}
    made = wire.ask("POST", "/api/uploads", content=b"no video", headers=raw)
    url = made.json()["url"]
    check(
        "uploads",
        {
            "created": wire.said(made),
            "form": wire.said(wire.ask("POST", "/api/uploads", files={"file": ("a.mp4", b"x")}, headers=headers)),
            "shown": wire.said(wire.ask("GET", url)),
            "judged": wire.said(wire.ask("POST", TOOL, json={"VideoUrl": url}, headers=headers)),
            "gone": wire.said(wire.ask("GET", url)),
            "deleted": wire.said(
                wire.ask("DELETE", wire.ask("POST", "/api/uploads", content=b"x", headers=raw).json()["url"])
            ),
            "unpaid": wire.said(wire.ask("POST", "/api/uploads")),
            "empty": wire.said(wire.ask("POST", "/api/uploads", content=b"", headers=raw)),
            "other type": wire.said(
                wire.ask("POST", "/api/uploads", content=b"x", headers={**raw, "Content-Type": "text/plain"})
            ),
            "malformed form": wire.said(
                wire.ask("POST", "/api/uploads", content=b"x", headers={**raw, "Content-Type": "multipart/form-data"})
            ),
            "too large": wire.said(wire.ask("POST", "/api/uploads", content=b"x" * 5_000_001, headers=raw)),
            "unknown service": wire.said(wire.ask("POST", "/api/uploads?service=unknown", content=b"x", headers=raw)),
        },
    )


def test_refusals(wire: Wire, key: dict[str, Any]) -> None:
    paying = {"X-Api-Key": key["key"]}

    def call(video: str) -> tuple[str, str, dict[str, Any]]:
        return "POST", TOOL, {"json": {"VideoUrl": video}, "headers": paying}

    asked: dict[str, tuple[str, str, dict[str, Any]]] = {
        "no JSON": ("POST", TOOL, {"content": b"{"}),
        "no object": ("POST", TOOL, {"json": []}),
        "other field": ("POST", TOOL, {"json": {"VideoUrl": "http://a.test/", "Other": 1}}),
        "other version of x402": ("POST", f"{TOOL}?x402Version=9", {}),
        "body too large": ("POST", TOOL, {"content": b" " * 2_000_000}),
        "header too large": ("POST", TOOL, {"headers": {"X-Payment-Token": "x" * 9000}}),
        "no such path": ("GET", "/nothing", {}),
        "no such method": ("GET", TOOL, {}),
        "no such service": ("GET", "/services/unknown", {}),
        "no such guide": ("GET", "/services/unknown/llms.txt", {}),
        "no such report": ("GET", "/reports/unknown", {}),
        "search too long": ("GET", "/api/catalog/search?q=" + "a" * 501, {}),
        "search without results": ("GET", "/api/catalog/search?q=zzzz", {}),
        "invalid host": ("GET", "/api/catalog", {"headers": {"Host": 'x"y'}}),
        "invalid url": call("ftp://host/video.mp4"),
        "url with a password": call("http://user:word@host.test/video.mp4"),
        "missing video": call(f"{wire.media.url}/none.mp4"),
        "no video": call(f"{wire.media.url}/text.mp4"),
        "host that is silent": call("http://127.0.0.1:1/video.mp4"),
        "erase without proof": ("DELETE", "/api/calls/" + "0" * 32, {}),
        "erase unknown call": ("DELETE", "/api/calls/" + "0" * 32, {"headers": paying}),
        "ops without key": ("GET", "/api/ops/summary", {}),
        "ops page without key": ("GET", "/ops", {}),
        "faucet without address": ("POST", "/devchain/faucet", {"json": {"address": "0x1"}}),
        "unknown wallet": ("POST", "/devchain/wallets/unknown/sign", {"json": {}}),
        "chain is read only": (
            "POST",
            "/devchain/rpc",
            {"json": {"jsonrpc": "2.0", "id": 1, "method": "eth_sendTransaction", "params": []}},
        ),
        "chain refuses parameters": (
            "POST",
            "/devchain/rpc",
            {"json": {"jsonrpc": "2.0", "id": 1, "method": "eth_call", "params": [{"to": "0x1"}]}},
        ),
    }
    check(
        "refusals", {name: wire.said(wire.ask(method, path, **given)) for name, (method, path, given) in asked.items()}
    )


def test_test_money(wire: Wire) -> None:
    address = {"address": "0x" + "12" * 20}
    check(
        "test_money",
        {
            "faucet": wire.said(wire.ask("POST", "/devchain/faucet", json=address)),
            "wallet": wire.said(wire.ask("POST", "/devchain/wallets")),
        },
    )


def test_operation(wire: Wire, bought: httpx.Response, key: dict[str, Any]) -> None:
    summary = wire.said(wire.ask("GET", "/api/ops/summary", headers={"X-Api-Key": key["key"]}))
    metrics = wire.ask("GET", "/metrics")
    lines = metrics.text.splitlines()
    families = dict(line.split(" ")[2:4] for line in lines if line.startswith("# TYPE alive402"))
    labels = {
        line.partition("{")[0]: sorted(re.findall(r"[{,]([a-z]+)=", line))
        for line in lines
        if line.startswith(("alive402_calls_total{", "alive402_settlements_total{", "alive402_stage_seconds_count{"))
    }
    check(
        "operation",
        {
            "summary": {**summary, "body": sorted(summary["body"])},
            "metrics": families,
            "labels": labels,
        },
    )


def test_command_line_answers(wire: Wire, key: dict[str, Any]) -> None:
    prepaid = wire.cli("keys", "create", "--name", "prepaid", "--scope", "call", "--access-key", "--prepaid")
    credited = wire.cli("keys", "credit", prepaid["id"], "--calls", "2", "--service", SERVICE)
    listed = [each for each in wire.cli("keys", "list")["keys"] if each["id"] == prepaid["id"]]
    check(
        "command_line_answers",
        wire.normal.json(
            {
                "keys create": key,
                "keys create --prepaid": prepaid,
                "keys credit": credited,
                "keys list": listed,
                "models list": {
                    name: {**each, "path": "<path>"}
                    for name, each in json.loads(command_line.run("models", "list", "--json")[1]).items()
                    if each["origin"] != "added"
                },
            }
        ),
    )


# Alibaba


def test_alibaba_rpc(wire: Wire, video: dict[str, str], key: dict[str, Any], called_by_rpc: httpx.Response) -> None:
    poor = wire.cli("keys", "create", "--name", "poor", "--scope", "call", "--access-key", "--prepaid")
    other = wire.cli("keys", "create", "--name", "other", "--scope", "ledger", "--access-key")
    answers = {
        "success": called_by_rpc,
        "no video": wire.rpc(key, VideoUrl=f"{wire.media.url}/text.mp4"),
        "missing video": wire.rpc(key, VideoUrl=f"{wire.media.url}/none.mp4"),
        "invalid url": wire.rpc(key, VideoUrl="ftp://host/video.mp4"),
        "url too long": wire.rpc(key, VideoUrl="http://host.test/" + "a" * 3000),
        "no url": wire.rpc(key),
        "not paid": wire.rpc(poor, **video),
        "other scope": wire.rpc(other, **video),
        "wrong secret": wire.rpc({**key, "key": "wrong"}, **video),
        "unknown key": wire.rpc({**key, "accessKeyId": "AK" + "0" * 20}, **video),
        "unsigned": wire.ask("POST", "/", data={"Action": "DetectVideoLivingFace"}),
        "unknown action": wire.rpc(key, Action="Unknown"),
        "unknown version": wire.rpc(key, Version="2000-01-01"),
        "other format": wire.rpc(key, Format="XML", **video),
        "other time": wire.rpc(key, Timestamp="2020-01-01T00:00:00Z", **video),
        "images": wire.rpc(key, Action="DetectLivingFace", **{"Tasks.1.ImageURL": f"{wire.media.url}/none.jpg"}),
    }
    check("alibaba_rpc", {name: wire.said(answer) for name, answer in answers.items()})


def test_alibaba_object_upload(wire: Wire, key: dict[str, Any]) -> None:
    leave = wire.rpc(key, Action="AuthorizeFileUpload", Version="2019-12-19", Product="facebody")
    given = leave.json()
    policy = json.loads(base64.b64decode(given["EncodedPolicy"]))
    fields = {
        "OSSAccessKeyId": given["AccessKeyId"],
        "Signature": given["Signature"],
        "key": given["ObjectKey"],
        "policy": given["EncodedPolicy"],
        "success_action_status": "201",
    }
    shown = wire.said(leave)
    shown["body"] |= {"EncodedPolicy": wire.normal.json(policy), "Signature": "<signature>"}
    answers = {
        "other key": wire.post_object({**fields, "key": "api/uploads/other"}, b"x"),
        "other signature": wire.post_object({**fields, "Signature": "other"}, b"x"),
        "no policy": wire.post_object({**fields, "policy": ""}, b"x"),
        "no file": wire.post_object(fields, None),
        "posted": wire.post_object(fields, b"x"),
        "posted again": wire.post_object(fields, b"x"),
        "no form": wire.ask("POST", "/", content=b"x", headers={"Host": f"alive402.{UPLOAD_HOST}"}),
    }
    check("alibaba_object_upload", {"authorized": shown, **{name: wire.said(each) for name, each in answers.items()}})

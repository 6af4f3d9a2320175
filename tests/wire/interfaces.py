"""Requests to the interfaces beside the video tool: images, jobs, uploads, operation, Alibaba, command line."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import httpx

from tests.wire import command_line
from tests.wire.paying import webhook_headers
from tests.wire.service import IMAGE_TOOL, SERVICE, TOOL, UPLOAD_HOST, Wire, until


def images(wire: Wire, key: dict[str, Any]) -> dict[str, Any]:
    headers = {"X-Api-Key": key["key"]}
    missing = {"Tasks": [{"ImageURL": f"{wire.media.url}/none.jpg"}]}
    no_image = {"Tasks": [{"ImageData": base64.b64encode(b"no image").decode()}]}
    return {
        "missing": wire.said(wire.ask("POST", IMAGE_TOOL, json=missing, headers=headers)),
        "no image": wire.said(wire.ask("POST", IMAGE_TOOL, json=no_image, headers=headers)),
        "no task": wire.said(wire.ask("POST", IMAGE_TOOL, json={"Tasks": []}, headers=headers)),
    }


def job(wire: Wire, video: dict[str, str], key: dict[str, Any]) -> dict[str, Any]:
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
    return {
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
    }


def callbacks(wire: Wire) -> dict[str, Any]:
    """The bodies posted to the callback, by their state."""
    posted = [(headers, body) for path, headers, body in list(wire.media.posted) if path == "/callback"]
    return {
        body["status"]: {"headers": webhook_headers(headers), "body": wire.normal.json(body)}
        for headers, body in posted
    }


def masked_state(said: dict[str, Any]) -> dict[str, Any]:
    """A running job without its progress."""
    assert said["body"]["status"] in ("queued", "working")
    return {**said, "body": {**said["body"], "status": "<state>", "stage": "<stage>"}}


def uploads(wire: Wire, key: dict[str, Any]) -> dict[str, Any]:
    headers = {"X-Api-Key": key["key"]}
    raw = {**headers, "Content-Type": "video/mp4"}
    made = wire.ask("POST", "/api/uploads", content=b"no video", headers=raw)
    url = made.json()["url"]
    return {
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
    }


def refusals(wire: Wire, key: dict[str, Any]) -> dict[str, Any]:
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
    return {name: wire.said(wire.ask(method, path, **given)) for name, (method, path, given) in asked.items()}


def faucet_and_wallets(wire: Wire) -> dict[str, Any]:
    address = {"address": "0x" + "12" * 20}
    return {
        "faucet": wire.said(wire.ask("POST", "/devchain/faucet", json=address)),
        "wallet": wire.said(wire.ask("POST", "/devchain/wallets")),
    }


def operation(wire: Wire, key: dict[str, Any]) -> dict[str, Any]:
    summary = wire.said(wire.ask("GET", "/api/ops/summary", headers={"X-Api-Key": key["key"]}))
    metrics = wire.ask("GET", "/metrics")
    lines = metrics.text.splitlines()
    families = dict(line.split(" ")[2:4] for line in lines if line.startswith("# TYPE alive402"))
    labels = {
        line.partition("{")[0]: sorted(re.findall(r"[{,]([a-z]+)=", line))
        for line in lines
        if line.startswith(("alive402_calls_total{", "alive402_settlements_total{", "alive402_stage_seconds_count{"))
    }
    return {
        "summary": {**summary, "body": sorted(summary["body"])},
        "metrics": families,
        "labels": labels,
    }


def command_line_answers(wire: Wire, key: dict[str, Any]) -> dict[str, Any]:
    prepaid = wire.cli("keys", "create", "--name", "prepaid", "--scope", "call", "--access-key", "--prepaid")
    credited = wire.cli("keys", "credit", prepaid["id"], "--calls", "2", "--service", SERVICE)
    listed = [each for each in wire.cli("keys", "list")["keys"] if each["id"] == prepaid["id"]]
    return wire.normal.json(
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
    )


def alibaba_rpc(
    wire: Wire, video: dict[str, str], key: dict[str, Any], called_by_rpc: httpx.Response
) -> dict[str, Any]:
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
    return {name: wire.said(answer) for name, answer in answers.items()}


def alibaba_object_upload(wire: Wire, key: dict[str, Any]) -> dict[str, Any]:
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
    return {"authorized": shown, **{name: wire.said(each) for name, each in answers.items()}}

"""Tests of `/metrics` and traces: correct counts, no personal data, access control."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from alive402.demo import TOOL_PATH, Buyer
from alive402.http.ops.metrics import ledger_label
from alive402.payments.keys import Scope
from alive402.settings import Settings
from tests.http.conftest import Service, Start, _running
from tests.http.ops.samples import Samples, samples, scraped

pytestmark = pytest.mark.anyio
SERVICE = TOOL_PATH.rpartition("/")[2]


def grown(before: Samples, after: Samples, name: str, **labels: str) -> float:
    key = (name, frozenset(labels.items()))
    return after[key] - before.get(key, 0.0)


async def test_calls_stages_and_settlements_are_counted(start: Start, videos: str) -> None:
    service = start()
    before = await samples(service)
    async with Buyer(service.url) as buyer:
        await buyer.fund()
        bought = await buyer.pay(f"{videos}/face.mp4")
        await buyer.send(f"{videos}/face.mp4", buyer.signature)
        await buyer.pay(f"{videos}/none.mp4")
        address, signature = buyer.account.address, buyer.signature
    verdict = bought.json()["data"]["Liveness"]["verdict"]
    after = await samples(service)
    counted = {
        ("answered", verdict): 1, ("repeated", verdict): 1, ("unusable", "upstream_status"): 1,
        ("unpaid", "payment_required"): 2,
    }  # fmt: skip
    for (kind, code), calls in counted.items():
        assert grown(before, after, "alive402_calls_total", service=SERVICE, kind=kind, code=code) == calls
    stages = {"verify": 2, "fetch": 2, "analysis": 1, "settle": 1, "total": 2}
    for stage, times in stages.items():
        assert grown(before, after, "alive402_stage_seconds_count", stage=stage) == times
    assert grown(before, after, "alive402_stage_seconds_sum", stage="analysis") > 0.01
    assert grown(before, after, "alive402_settlements_total", outcome="settled") == 1
    ledger = ("ledger", ledger_label(service.parts.settings.database_url))
    assert after["alive402_payments", frozenset({ledger, ("state", "consumed")})] == 1
    assert after["alive402_unresolved_payments", frozenset({ledger})] == 0
    assert after["alive402_unresolved_oldest_seconds", frozenset({ledger})] == 0
    assert after["alive402_queue_places", frozenset({("work", "analysis"), ("status", "capacity")})] == 2
    assert after["alive402_up", frozenset({("part", "ledger")})] == 1
    assert after["alive402_ledger_seconds_count", frozenset()] >= 2
    assert after["process_resident_memory_bytes", frozenset()] > 10_000_000
    text = (await scraped(service)).text
    for secret in (address, address.lower(), signature, videos, "127.0.0.1", bought.json()["requestId"], "mp4"):
        assert secret not in text


async def test_callers_cannot_create_labels(service: Service) -> None:
    """Each label of a caller would be a new time series."""
    before = {labels for _, labels in await samples(service)}
    async with httpx.AsyncClient(base_url=service.url) as http:
        await http.post(TOOL_PATH, json={"VideoUrl": "http://secret.example/face.mp4", "x": "y"})
        await http.post(TOOL_PATH, headers={"PAYMENT-SIGNATURE": "zzz", "X-Client-Secret": "s" * 20})
        await http.post(TOOL_PATH, headers={"X-Payment-Token": "pt_" + "q" * 40})
        await http.get("/reports/whatever-it-is")
        await http.delete("/api/calls/whatever-it-is")
    after = {labels for _, labels in await samples(service)}
    new = {label for labels in after - before for label in labels}
    allowed = {"token_unknown", "payment_malformed", "refused", SERVICE, "payment_required", "unpaid"}
    assert {value for _, value in new} <= allowed


def test_processes_of_one_ledger_have_one_label(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    shared = "postgresql+psycopg://service:secret@db.example:5432/alive402"
    assert ledger_label(shared) == ledger_label(shared.replace("service:secret", "reader:other"))
    assert "secret" not in ledger_label(shared)
    assert ledger_label(shared) != ledger_label(shared.replace("/alive402", "/other"))
    monkeypatch.chdir(tmp_path)
    assert ledger_label("sqlite+aiosqlite:///a.db") == ledger_label(f"sqlite+aiosqlite:///{tmp_path}/a.db")


async def test_metrics_require_access(start: Start, service: Service) -> None:
    keys = service.parts.registry.ledger_services.keys
    ops, call = [(await keys.create("tests", [scope]))[1] for scope in (Scope.OPS, Scope.CALL)]
    assert (await scraped(service)).status_code == 200
    # Loopback that was passed on, or asked by a name that only a stranger's page would use, is no loopback.
    for headers in ({"X_Forwarded_For": "203.0.113.7"}, {"Forwarded": "for=x"}, {"Host": "rebound.example"}):
        refused = await scraped(service, **headers)
        assert (refused.status_code, refused.json()["code"]) == (401, "ops_key_missing"), headers
        assert (await scraped(service, **headers, X_Api_Key=ops)).status_code == 200
    assert (await scraped(service, Authorization=f"Bearer {call}")).status_code == 403
    assert (await scraped(service, Authorization="Bearer ak_none")).status_code == 401
    behind = start(public_url="https://alive.example", metrics_token="a-long-scrape-token")
    assert (await scraped(behind)).status_code == 401
    assert (await scraped(behind, Authorization="Bearer a-long-scrape-token")).status_code == 200
    assert (await scraped(behind, Authorization="Bearer a-long-scrape-tokem")).status_code == 401
    public = start(public_url="https://alive.example", metrics_public=True)
    assert (await scraped(public)).status_code == 200


@contextmanager
def collector() -> Iterator[tuple[str, list[bytes]]]:
    """An OTLP/HTTP receiver: its base URL, and the bodies posted to /v1/traces."""
    received: list[bytes] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path == "/v1/traces":
                received.append(body)
            self.send_response(200 if self.path == "/v1/traces" else 404)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", received
        finally:
            server.shutdown()
            thread.join()


def spans_in(bodies: list[bytes]) -> list[Any]:

    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    found = []
    for body in bodies:
        request = ExportTraceServiceRequest()
        request.ParseFromString(gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body)
        found += [span for each in request.resource_spans for scope in each.scope_spans for span in scope.spans]
    return found


async def test_trace_of_a_call_has_no_personal_data(tmp_path: Path, videos: str) -> None:
    pytest.importorskip("opentelemetry.sdk", reason="the extra `otel` is not installed")
    database = tmp_path / "ledger.db"
    with collector() as (endpoint, received):
        settings = Settings(
            database_url=f"sqlite+aiosqlite:///{database}", allow_private_hosts=True, otlp_endpoint=endpoint
        )  # type: ignore[arg-type, call-arg, unused-ignore]
        with _running(settings, database) as service:
            async with Buyer(service.url) as buyer:
                await buyer.fund()
                bought = await buyer.pay(f"{videos}/face.mp4")
                await buyer.pay(f"{videos}/none.mp4?secret=1")
            async with httpx.AsyncClient() as http:
                await http.get(bought.json()["reportUrl"])
        spans = spans_in(received)
    by_id = {span.span_id: span for span in spans}
    request_id = bought.json()["requestId"]
    (call,) = [each for each in spans if attributes(each).get("alive402.request_id") == request_id]
    assert call.name == f"POST {TOOL_PATH}"
    assert attributes(call)["http.response.status_code"] == 200
    stages = {each.name for each in spans if each.parent_span_id == call.span_id}
    assert stages == {"verify", "fetch", "analysis", "settle"}
    assert all(each.trace_id == call.trace_id for each in spans if each.parent_span_id == call.span_id)
    (failed,) = [each for each in spans if each.name == "fetch" and attributes(each).get("error.type")]
    assert attributes(failed)["error.type"] == "upstream_status"
    assert attributes(by_id[failed.parent_span_id])["http.response.status_code"] == 424
    assert "GET /reports/{report_id}" in {each.name for each in spans}
    told = " ".join(map(str, spans))
    report = bought.json()["reportUrl"].rpartition("/")[2]
    for secret in (buyer.account.address, buyer.account.address.lower(), videos, "mp4", "secret", report, "127.0.0.1"):
        assert secret not in told


def attributes(span: Any) -> dict[str, Any]:
    return {each.key: each.value.string_value or each.value.int_value for each in span.attributes}

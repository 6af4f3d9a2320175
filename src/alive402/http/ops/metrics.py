"""`/metrics` for Prometheus: what this process saw, and what the ledger says when it is asked.

No label names a payer, a URL or an address: services, kinds, codes, stages and states are all sets of ours.
"""

from __future__ import annotations

import hmac
import ipaddress
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from sqlalchemy.exc import SQLAlchemyError
from starlette.datastructures import Headers

from alive402 import __version__
from alive402.calls.call_log import WORKED_ON, CallKind
from alive402.calls.paid_call import LedgerServices
from alive402.errors import CodedError
from alive402.http.ops.access import OpsAccess, OpsKeyMissing, header_key
from alive402.operations.health_check import HealthCheck
from alive402.operations.insight import Insight
from alive402.stages import CallStage
from alive402.storage.database import utc_now

# From a cached answer to the longest that a video may take.
BUCKETS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0)
TOTAL = "total"
# A second series for each, which nobody asks for.
disable_created_metrics()  # type: ignore[no-untyped-call]
_FORWARDED = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip")


class Metrics:
    """The meters of one service in a registry of its own. A `Watch` of stages, and a hearer of the call log."""

    def __init__(self, books: LedgerServices, health: HealthCheck) -> None:
        self._books = books
        self._health = health
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        registry = self.registry
        self._calls = Counter(
            "alive402_calls",
            "Calls that ended, by service, kind, and verdict or code.",
            ["service", "kind", "code"],
            registry=registry,
        )
        self._seconds = Histogram(
            "alive402_stage_seconds",
            "How long a stage of a call lasted; total: a call that was worked on, waiting included.",
            ["stage"],
            buckets=BUCKETS,
            registry=registry,
        )
        self._settlements = Counter(
            "alive402_settlements", "Settlements that were tried, by outcome.", ["outcome"], registry=registry
        )
        self._payments = Gauge("alive402_payments", "Payments in the ledger, by state.", ["state"], registry=registry)
        self._places = Gauge(
            "alive402_queue_places", "Places for work, in this process.", ["work", "status"], registry=registry
        )
        self._ledger = Histogram(
            "alive402_ledger_seconds",
            "How long the ledger took to answer a scrape's question.",
            buckets=BUCKETS,
            registry=registry,
        )
        self._up = Gauge("alive402_up", "Whether a part that a call needs works: 0 or 1.", ["part"], registry=registry)
        self._free = Gauge(
            "alive402_media_free_bytes", "Room where videos lie while they are judged.", registry=registry
        )
        build = Gauge("alive402_build", "Always 1; the version is its label.", ["version"], registry=registry)
        build.labels(__version__).set(1)

    def heard(self, service_id: str, kind: CallKind, outcome: str, seconds: float) -> None:
        """A call has ended; see `CallLog.heard_by`."""
        self._calls.labels(service_id, str(kind), outcome).inc()
        if kind in WORKED_ON:
            self._seconds.labels(TOTAL).observe(seconds)

    @contextmanager
    def stage(self, name: CallStage) -> Iterator[None]:
        """See `Watch.stage`."""
        began, outcome = time.monotonic(), "settled"
        try:
            yield
        except BaseException as error:
            outcome = error.code if isinstance(error, CodedError) else "cut_off"
            raise
        finally:
            self._seconds.labels(str(name)).observe(time.monotonic() - began)
            if name is CallStage.SETTLE:
                self._settlements.labels(outcome).inc()

    async def exposition(self) -> bytes:
        """Everything as Prometheus reads it. A ledger that is away is told as such, and the rest all the same."""
        began = time.monotonic()
        try:
            async with self._books.ledger.reading() as session:
                states = await Insight(session, utc_now()).states()
            self._ledger.observe(time.monotonic() - began)
            for state, count in states.items():
                self._payments.labels(str(state)).set(count)
        except SQLAlchemyError:
            # A figure that is no longer known is no figure.
            self._payments.clear()
        for work, places in self._health.machine.queue.items():
            for status in ("capacity", "in_use", "waiting"):
                self._places.labels(work, status).set(getattr(places, status))
        for part, works in (await self._health.ready()).items():
            self._up.labels(part).set(works)
        self._free.set(self._health.machine.free_bytes())
        return generate_latest(self.registry)


@dataclass(frozen=True, slots=True)
class Readers:
    """Who may read `/metrics`: anyone when `public`, else whoever holds `token` or an ops key, or is on this machine.

    With `hidden` a proxy stands in front that is not trusted to say who calls: then all seem to be on this machine.
    """

    access: OpsAccess
    token: str | None
    public: bool
    hidden: bool

    async def check(self, request: Request) -> None:
        """Let a reader through.

        Raises:
            OpsKeyMissing, ApiKeyRefused, ApiKeyForbidden: it is none.
        """
        key = header_key(request)
        if self.public or (self.token and key and hmac.compare_digest(key.encode(), self.token.encode())):
            return
        if key is None and not self.hidden and _is_near(request):
            return
        if key is None:
            raise OpsKeyMissing(
                "Send the ALIVE402_METRICS_TOKEN or an API key with the scope ops, as Authorization: Bearer."
            )
        await self.access.check(request)


def router(metrics: Metrics, readers: Readers) -> APIRouter:
    """`/metrics`, which no public document names."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/metrics")
    async def exposition(request: Request) -> Response:
        await readers.check(request)
        headers = {"Content-Type": CONTENT_TYPE_LATEST, "Cache-Control": "no-store"}
        return Response(await metrics.exposition(), headers=headers)

    return routes


def _is_near(request: Request) -> bool:
    """On this machine, by its own address, and passed on by nobody; a page elsewhere whose name leads here is not."""
    near = request.client is not None and _is_loopback(request.client.host)
    return near and _names_loopback(request.headers) and not any(each in request.headers for each in _FORWARDED)


def _names_loopback(headers: Headers) -> bool:
    host = headers.get("host", "").rpartition("]")[0].lstrip("[") or headers.get("host", "").partition(":")[0]
    return host == "localhost" or _is_loopback(host)


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False

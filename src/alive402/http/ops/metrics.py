"""`/metrics` for Prometheus: counters of this process, and ledger figures read at each scrape.

Figures of the ledger are the same from each process that shares it. Their label `ledger` is the same too, so that
`max by (ledger, ...)` leaves one of them, and sums over it are right.

No label holds a payer, a URL or an address: services, kinds, codes, stages and states all come from fixed sets.
"""

from __future__ import annotations

import hashlib
import ipaddress
import math
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

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
from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError
from starlette.datastructures import Headers

from alive402 import __version__
from alive402.calls import WORKED_ON, CallKind, LedgerServices
from alive402.calls.jobs import open_jobs
from alive402.challenges import challenge_counts
from alive402.errors import CodedError
from alive402.http.ops.access import OpsAccess, OpsKeyMissing, header_key
from alive402.http.ops.load import LoadCollector
from alive402.operations import ChainStanding, HealthCheck, Insight
from alive402.payments.x402 import Standing
from alive402.stages import CallStage
from alive402.storage import utc_now

# From a cached answer to the longest analysis allowed.
BUCKETS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0)
TOTAL = "total"
# Turns off the additional `_created` series.
disable_created_metrics()  # type: ignore[no-untyped-call]
_FORWARDED = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip")


class Metrics:
    """The metrics of one service, in a registry of their own. Observes call stages (`Watch`) and the call log."""

    def __init__(
        self, ledger_services: LedgerServices, health: HealthCheck, database_url: str, chain: ChainStanding
    ) -> None:
        self._ledger_services = ledger_services
        self._health = health
        self._chain = chain
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
            "Duration of a call's stage; total: the whole call, waiting included.",
            ["stage"],
            buckets=BUCKETS,
            registry=registry,
        )
        self._settlements = Counter(
            "alive402_settlements", "Settlements attempted, by outcome.", ["outcome"], registry=registry
        )
        self._name = ledger_label(database_url)
        self._payments = Gauge(
            "alive402_payments",
            "Payments in the ledger, by state; the same from each process: max by (ledger, state).",
            ["ledger", "state"],
            registry=registry,
        )
        self._challenges = Gauge(
            "alive402_challenges",
            "Challenges of the last day in the ledger, by state; the same from each process: max by (ledger, state).",
            ["ledger", "state"],
            registry=registry,
        )
        self._unresolved = Gauge(
            "alive402_unresolved_payments",
            "Payments in the ledger whose settlement is unknown; the same from each process: max by (ledger).",
            ["ledger"],
            registry=registry,
        ).labels(self._name)
        self._oldest = Gauge(
            "alive402_unresolved_oldest_seconds",
            "For how long the oldest settlement has been unknown; 0 without any.",
            ["ledger"],
            registry=registry,
        ).labels(self._name)
        self._jobs = Gauge(
            "alive402_jobs",
            "Unfinished jobs in the ledger, by state; the same from each process: max by (ledger, state).",
            ["ledger", "state"],
            registry=registry,
        )
        registry.register(LoadCollector(health.machine))
        self._ledger = Histogram(
            "alive402_ledger_seconds",
            "How long the ledger took to answer the queries of a scrape.",
            buckets=BUCKETS,
            registry=registry,
        )
        self._up = Gauge("alive402_up", "Whether a part that calls need works: 0 or 1.", ["part"], registry=registry)
        self._free = Gauge(
            "alive402_media_free_bytes", "Free space where videos are stored during analysis.", registry=registry
        )
        self._chain_read = Gauge(
            "alive402_chain_read",
            "Whether this process has compared the ledger with the chain: 1, 0 before that, NaN where it does not.",
            registry=registry,
        )
        build = Gauge("alive402_build", "Always 1; the version is its label.", ["version"], registry=registry)
        build.labels(__version__).set(1)

    def heard(self, service_id: str, kind: CallKind, outcome: str, seconds: float) -> None:
        """Count a call that ended; a listener of the call log."""
        self._calls.labels(service_id, str(kind), outcome).inc()
        if kind in WORKED_ON:
            self._seconds.labels(TOTAL).observe(seconds)

    @contextmanager
    def stage(self, name: CallStage) -> Iterator[None]:
        """Time a stage of a call."""
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
        """All metrics in Prometheus's text format. Without the ledger, its part is reported as down."""
        began = time.monotonic()
        try:
            async with self._ledger_services.ledger.reading() as session:
                insight = Insight(session, utc_now())
                states, backlog = await insight.states(), await insight.backlog()
                challenges = await challenge_counts(session, utc_now())
                jobs = await open_jobs(session)
            self._ledger.observe(time.monotonic() - began)
            for state, count in states.items():
                self._payments.labels(self._name, str(state)).set(count)
            for progress, count in challenges.items():
                self._challenges.labels(self._name, str(progress)).set(count)
            for job_state, count in jobs.items():
                self._jobs.labels(self._name, str(job_state)).set(count)
            self._unresolved.set(backlog.payments)
            self._oldest.set(backlog.oldest_seconds)
        except SQLAlchemyError:
            # Remove figures that can no longer be read.
            self._payments.clear()
            self._challenges.clear()
            self._jobs.clear()
            self._unresolved.set(math.nan)
            self._oldest.set(math.nan)
        for part, works in (await self._health.ready()).items():
            self._up.labels(part).set(works)
        self._free.set(self._health.machine.free_bytes())
        standing = self._chain.standing
        self._chain_read.set(math.nan if standing is Standing.OFF else standing is Standing.READ)
        return generate_latest(self.registry)


def ledger_label(database_url: str) -> str:
    """Eight hex digits that are the same in each process that reaches the same database by the same address."""
    url = make_url(database_url)
    place = f"{url.host}:{url.port}/{url.database}"
    if url.get_backend_name() == "sqlite":
        place = f"{socket.gethostname()}:{Path(url.database or '').absolute()}"
    return hashlib.sha256(place.encode()).hexdigest()[:8]


@dataclass(frozen=True, slots=True)
class Readers:
    """Access to `/metrics`: everyone when `public`, else `token`, an ops key, or a client on this machine.

    `hidden`: the service stands behind an untrusted proxy, so every client would appear to be on this machine.
    """

    access: OpsAccess
    token: str | None
    public: bool
    hidden: bool

    async def check(self, request: Request) -> None:
        """Check that a request may read the metrics.

        Raises:
            OpsKeyMissing, ApiKeyRefused, ApiKeyForbidden, TooManyGuesses: it may not.
        """
        if self.public:
            return
        key = header_key(request)
        if key is None and not self.hidden and _is_near(request):
            return
        if key is None:
            raise OpsKeyMissing(
                "Send the ALIVE402_METRICS_TOKEN or an API key with the scope ops, as Authorization: Bearer."
            )
        await self.access.check(request, self.token)


def router(metrics: Metrics, readers: Readers) -> APIRouter:
    """Route `/metrics`, which no public document names."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/metrics")
    async def exposition(request: Request) -> Response:
        await readers.check(request)
        headers = {"Content-Type": CONTENT_TYPE_LATEST, "Cache-Control": "no-store"}
        return Response(await metrics.exposition(), headers=headers)

    return routes


def _is_near(request: Request) -> bool:
    """Whether a request comes from this machine: loopback address, no proxy headers, and a loopback Host header."""
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

"""Observation and upkeep of one application: metrics, traces, the operator's page, retention."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from fastapi import APIRouter

from alive402.http.discovery import Surfaces, privacy
from alive402.http.ops import Metrics, Ops, OpsAccess, Readers, metrics
from alive402.http.wiring import Parts
from alive402.operations import ChainStanding, Erasure, HealthCheck, Keeping, Retention
from alive402.stages import Watch


class Watching:
    """Observers and upkeep tasks of one application. `watches` receive every stage of a call."""

    def __init__(self, parts: Parts, health: HealthCheck) -> None:
        self._parts = parts
        self._health = health
        ledger_services = parts.registry.ledger_services
        self.chain = ChainStanding(ledger_services.ledger, parts.sweep)
        self._metrics = Metrics(ledger_services, health, parts.settings.database_url, self.chain)
        ledger_services.call_log.heard_by.append(self._metrics.heard)
        self.tracing = parts.tracing
        self.watches: tuple[Watch, ...] = (self._metrics, *((parts.tracing,) if parts.tracing else ()))
        settings = parts.settings
        keeping = Keeping(timedelta(days=settings.keep_answers_days), timedelta(days=settings.keep_call_log_days))
        self._retention = Retention(ledger_services.ledger, keeping)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run the health check and retention until the block ends; then send the remaining traces."""
        async with (
            self._health.running(self._parts.health_seconds),
            self._retention.running(self._parts.settings.erase_seconds),
        ):
            try:
                yield
            finally:
                if self.tracing is not None:
                    await self.tracing.close()

    def routers(self, surfaces: Surfaces) -> tuple[APIRouter, ...]:
        """The routers for metrics, the operator's page and privacy."""
        settings, ledger_services = self._parts.settings, self._parts.registry.ledger_services
        access = OpsAccess(
            ledger_services.keys,
            ledger_services.verdicts.keys,
            timedelta(minutes=settings.ops_session_minutes),
            ledger_services.guesses,
        )
        token = settings.metrics_token
        readers = Readers(
            access,
            token.get_secret_value() if token else None,
            settings.metrics_public,
            hidden=settings.public_url is not None and not settings.trusted_proxies,
        )
        erasure = Erasure(ledger_services.ledger, ledger_services.keys)
        return (
            Ops(ledger_services, self._health, access, surfaces).router(),
            metrics.router(self._metrics, readers),
            privacy.router(self._parts.registry, erasure, surfaces, settings),
        )

"""Can the service take a paid call? Asked again and again, so that the catalog tells what was found and when."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import structlog

from alive402.api.health import checks
from alive402.calls import Sold
from alive402.catalog.quality import Health
from alive402.payments.errors import PaymentsMisconfigured

log = structlog.get_logger(__name__)


class HealthCheck:
    """The last finding. `healthy`: ledger, models and payments work; `degraded`: payments do not, which pass."""

    def __init__(self, sold: Sold) -> None:
        self._sold = sold
        self.health: Health = "unknown"
        self.checked_at: datetime | None = None

    async def look(self) -> None:
        """Ask everything that a call needs."""
        found = await checks(self._sold.books)
        self.health = "unhealthy"
        if all(found.values()):
            try:
                await self._sold.first.gate.check()
                self.health = "healthy"
            except PaymentsMisconfigured as error:
                log.warning("payments do not work now", why=error.message)
                self.health = "degraded"
        self.checked_at = datetime.now(UTC)

    @asynccontextmanager
    async def running(self, every_seconds: float) -> AsyncIterator[None]:
        """Look at once and then `every_seconds`, until the block ends."""

        async def again_and_again() -> None:
            while True:
                try:
                    await self.look()
                except Exception:
                    log.exception("the health check failed")
                await asyncio.sleep(every_seconds)

        task = asyncio.create_task(again_and_again())
        try:
            yield
        finally:
            task.cancel()

"""Repeated health check: whether the service can take a paid call. The catalog shows the last result and its time."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import structlog
from sqlalchemy.exc import SQLAlchemyError

from alive402.calls import Admission, LedgerServices, ServiceRegistry
from alive402.catalog import Health
from alive402.liveness import model_files
from alive402.payments.core import PaymentsMisconfigured
from alive402.payments.x402 import Answering
from alive402.providers import Places, Trial
from alive402.upkeep import Upkeep

log = structlog.get_logger(__name__)

_TRIED = bytes(65_536)


@dataclass(frozen=True, slots=True)
class Machine:
    """This machine's resources for calls: work slots, and a folder that must have room for `videos_bytes` at any time.

    `places` holds the places by the name of their work. `media` is None for the system's temporary folder. `trial`
    tells whether files can be judged here, and is None where no call needs it.
    """

    admission: Admission
    places: Mapping[str, Places]
    media: Path | None
    videos_bytes: int
    trial: Trial | None = None

    @property
    def queue(self) -> dict[str, Places | Admission]:
        """The queues by name: `call` for all admitted calls, and the places of each work."""
        return {"call": self.admission, **self.places}

    def free_bytes(self) -> int:
        """Free space for videos during analysis; the folder itself need not exist yet."""
        folder = (self.media or Path(tempfile.gettempdir())).absolute()
        while not folder.exists():
            folder = folder.parent
        return shutil.disk_usage(folder).free

    def has_room(self) -> bool:
        """Whether the folder can be written now, and has room for `videos_bytes`."""
        try:
            if self.media is not None:
                self.media.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.media) as file:
                file.write(_TRIED)
        except OSError:
            return False
        return self.free_bytes() >= self.videos_bytes


class HealthCheck:
    """The last health result. `healthy`: everything works; `degraded`: only payments fail, which usually passes.

    `answering` says for each network whether its facilitator and its node answered.
    """

    def __init__(self, registry: ServiceRegistry, machine: Machine) -> None:
        self._registry = registry
        self.machine = machine
        self.health: Health = "unknown"
        self.checked_at: datetime | None = None
        # The service checked these at its start.
        self.payments_work = True
        self.answering: list[Answering] = []
        self._models = _Models()

    async def look(self) -> None:
        """Check everything that a call needs; reads the model files completely."""
        self._models.forget()
        found, gate = await self._checks(), self._registry.first.gate
        if (trial := self.machine.trial) is not None:
            found["analysis"] = trial.works is not False
        try:
            await gate.check()
            self.payments_work = True
            self.answering = [Answering(network, True, True) for network in sorted({e.network for e in gate.accepts})]
        except PaymentsMisconfigured as error:
            log.warning("payments unavailable", why=error.message)
            self.payments_work = False
            self.answering = await gate.answering()
        if not all(found.values()):
            self.health = "unhealthy"
        else:
            self.health = "healthy" if self.payments_work else "degraded"
        self.checked_at = datetime.now(UTC)

    async def ready(self) -> dict[str, bool]:
        """The checks by name: all run now, except for payments and analysis, which keep their last result."""
        room, trial = self.machine.admission.have_room, self.machine.trial
        analysis = {} if trial is None else {"analysis": await trial.known()}
        return {**await self._checks(), **analysis, "payments": self.payments_work, "queue": room}

    async def _checks(self) -> dict[str, bool]:
        return {
            "ledger": await _ledger(self._registry.ledger_services),
            "models": await asyncio.to_thread(self._models.are_whole),
            "disk": await asyncio.to_thread(self.machine.has_room),
        }

    @asynccontextmanager
    async def running(self, every_seconds: float) -> AsyncIterator[None]:
        """Check at once and then `every_seconds`, and try the analysis now and then, until the block ends."""
        trial = self.machine.trial
        async with (
            Upkeep("health check", self.look).running(every_seconds),
            trial.running() if trial is not None else nullcontext(),
        ):
            yield


async def _ledger(ledger_services: LedgerServices) -> bool:
    try:
        await ledger_services.ledger.check()
    except (SQLAlchemyError, OSError):
        return False
    return True


class _Models:
    """Hashes the model files only when one of them has changed, so that frequent checks do not read megabytes."""

    def __init__(self) -> None:
        self._found: tuple[object, bool] | None = None

    def forget(self) -> None:
        """Hash them at the next check, changed or not."""
        self._found = None

    def are_whole(self) -> bool:
        """Whether every model file exists with the right hash."""
        known, now = self._found, [_stamp(model.path) for model in model_files.required()]
        if known is None or known[0] != now:
            # Taken before reading: a file that changes meanwhile is read again next time.
            known = self._found = now, all(model_files.is_installed(model) for model in model_files.required())
        return known[1]


def _stamp(path: Path) -> tuple[int, ...]:
    try:
        status = path.stat()
    except OSError:
        return ()
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns

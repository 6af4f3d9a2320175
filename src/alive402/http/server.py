"""Runs the uvicorn server: logging, listening socket, start-up messages, graceful shutdown."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, nullcontext
from types import FrameType

import structlog
import uvicorn
from sqlalchemy.exc import SQLAlchemyError

from alive402.calls import Admission
from alive402.http.app import CUT_OFF_SECONDS, create_app
from alive402.http.connections import connections
from alive402.http.wiring import Parts, assemble
from alive402.intake import sweep_media_folders
from alive402.liveness import ModelsMissing, model_files
from alive402.log import configure_log
from alive402.payments.core import PaymentsMisconfigured
from alive402.providers import LocalProvider
from alive402.settings import Settings
from alive402.storage import DatabaseDamaged

log = structlog.get_logger(__name__)


_TWO_CHAINS = (
    "Another process serves this ledger with test money. Each process has a test chain of its own, so the money of "
    "one is unknown to the other. Run one process, give this one its own --database-url, or use a real --network."
)


class StartRefused(Exception):
    """The service cannot start; the message says what to change."""


async def run(settings: Settings, say: Callable[[str], None]) -> None:
    """Serve until interrupted; `say` receives the start-up lines for the terminal.

    Raises:
        StartRefused: something is missing or misconfigured.
    """
    began = time.time()
    configure_log()
    try:
        await _install_models(say)
        parts = await assemble(settings)
    except (ModelsMissing, PaymentsMisconfigured) as error:
        raise StartRefused(error.message) from error
    except DatabaseDamaged as error:
        raise StartRefused(str(error)) from error
    except (SQLAlchemyError, OSError) as error:
        raise StartRefused("The ledger cannot be opened. Check ALIVE402_DATABASE_URL.") from error
    try:
        listening = listen(settings.host, settings.port)
    except OSError as error:
        await _close(parts)
        where = f"{settings.host}:{settings.port}"
        raise StartRefused(f"Cannot listen on {where}: {error.strerror}. Choose another --port.") from error
    if parts.devchain is not None and not await _has_ledger_alone(parts):
        listening.close()
        await _close(parts)
        raise StartRefused(_TWO_CHAINS)
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    scheme = "https" if parts.tls else "http"
    url = parts.public_url or f"{scheme}://{host}:{listening.getsockname()[1]}"
    await _introduce(parts, url, say)
    if swept := await asyncio.to_thread(sweep_media_folders, settings.media_directory, began):
        log.info("removed folders of a killed service", folders=swept)
    await server(parts, _warming_up(parts.local)).serve(sockets=[listening])


async def _install_models(say: Callable[[str], None]) -> None:
    try:
        await asyncio.to_thread(model_files.ensure, say)
    except OSError as error:
        raise StartRefused(
            f"The face models cannot be stored in {model_files.cache_folder()}: {error.strerror}. Run `alive402 models "
            "install` as a user who may write there, or set ALIVE402_CACHE to another folder."
        ) from error


async def _has_ledger_alone(parts: Parts) -> bool:
    try:
        return await parts.registry.ledger_services.ledger.claim()
    except (SQLAlchemyError, OSError) as error:
        log.warning("cannot tell whether another process serves this ledger", error=type(error).__name__)
        return True


async def _close(parts: Parts) -> None:
    """Close what `assemble` has opened."""
    await parts.local.close()
    await parts.registry.ledger_services.ledger.close()


@asynccontextmanager
async def _warming_up(provider: LocalProvider) -> AsyncIterator[None]:
    """Start the workers in the background, so that the first calls need not wait for them."""
    task = asyncio.create_task(provider.warm_up(), name="warm up")
    task.add_done_callback(_tell_of_failure)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


def _tell_of_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        # The first call tries again and reports the failure to its caller.
        log.error("could not warm up", error=type(error).__name__)


def listen(host: str, port: int) -> socket.socket:
    """Open a listening TCP socket; port 0 picks a free port.

    The protocol is given explicitly, unlike in `socket.create_server`: the event loop disables Nagle's algorithm only
    on sockets that are marked as TCP, and each response would otherwise wait 40 ms for an acknowledgement.

    Raises:
        OSError: the address is not available.
    """
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listening = socket.socket(family, kind, protocol)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(256)
    except OSError:
        listening.close()
        raise
    return listening


class Server(uvicorn.Server):
    """uvicorn server with graceful shutdown: after a signal it refuses new calls, waits for running ones, then closes.

    A second signal closes at once.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        admission: Admission,
        stop_seconds: float,
        beside: AbstractAsyncContextManager[None],
    ) -> None:
        super().__init__(config)
        self._admission, self._stop_seconds = admission, stop_seconds
        self._beside, self._entered = beside, AsyncExitStack()
        self._stopping_since: float | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Record a signal; the event loop acts on it in `on_tick`."""
        if self._stopping_since is not None:
            super().handle_exit(sig, frame)
            return
        self._stopping_since = time.monotonic()
        self._captured_signals.append(sig)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to listen, and enter `beside`."""
        await super().startup(sockets)
        if not self.should_exit:
            await self._entered.enter_async_context(self._beside)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Leave `beside` before the app closes what it uses.

        It cannot be around `serve`, which raises the signal again: the process ends there.
        """
        await self._entered.aclose()
        await super().shutdown(sockets)

    async def on_tick(self, counter: int) -> bool:
        """Called ten times a second; returns whether to close now."""
        if self._stopping_since is not None and not self.should_exit:
            # The rest of the time is for cut-off calls to return payments and finished calls to settle.
            self._admission.stop(max(self._stop_seconds / 2, self._stop_seconds - CUT_OFF_SECONDS))
            over = time.monotonic() - self._stopping_since >= self._stop_seconds
            self.should_exit = self._admission.idle or over
        return await super().on_tick(counter)


def server(parts: Parts, beside: AbstractAsyncContextManager[None] | None = None) -> Server:
    """Build the HTTP server over `parts`: limited headers and timeouts, no banner, no uvicorn access log.

    Our own log replaces it because it never contains a query string. `beside` is entered while it serves.
    """
    config = uvicorn.Config(
        create_app(parts),
        log_config=None,
        access_log=False,
        server_header=False,
        http=connections(parts.settings.upload_receive_seconds),
        ws="none",
        timeout_keep_alive=30,
        # For connections; the calls have ended by then.
        timeout_graceful_shutdown=round(CUT_OFF_SECONDS),
        # X-Forwarded-For is ignored unless the settings name a trusted proxy.
        proxy_headers=bool(parts.trusted_proxies),
        forwarded_allow_ips=list(parts.trusted_proxies),
        ssl_certfile=parts.tls[0] if parts.tls else None,
        ssl_keyfile=parts.tls[1] if parts.tls else None,
    )
    return Server(config, parts.admission, parts.settings.stop_seconds, beside or nullcontext())


async def _introduce(parts: Parts, url: str, say: Callable[[str], None]) -> None:
    """Print the address, the payment terms, and how to try the service."""
    terms, path = parts.terms, parts.registry.first.service.paths[0]
    say(f"alive402 is at {url}")
    say(f"  try it   {url}{parts.registry.first.service.page} (in a browser, with your own video)")
    say(f"  network  {terms.network}" + (" (a chain inside this process: test money)" if parts.devchain else ""))
    say(f"  token    {terms.asset}")
    say(f"  price    {terms.amount} atomic units (USD {terms.amount / 1e6:.2f}) an answer")
    say(f"  pays to  {terms.pay_to}")
    if parts.devchain is not None:
        from alive402.http.devchain import FAUCET_AMOUNT

        wallet = parts.devchain.new_account()
        await asyncio.to_thread(parts.devchain.mint, wallet.address, FAUCET_AMOUNT)
        say("A test wallet. Its money has no value and exists only in this process:")
        say(f"  address      {wallet.address}   ({FAUCET_AMOUNT / 1e6:.2f} test dollars)")
        say(f"  private key  0x{bytes(wallet.key).hex()}")
        ask = """-H 'Content-Type: application/json' -d '{"address": "0x…"}'"""
        say(f"More of it: curl -s {url}/devchain/faucet {ask}")
    if parts.solana_devchain is not None:
        ask = """-H 'Content-Type: application/json' -d '{"address": "…"}'"""
        say(f"Test money on Solana: curl -s {url}/devchain/solana/faucet {ask}")
        say(f"  node         {url}/devchain/solana/rpc")
    say("What a call costs, unpaid (then sign, and send it again: docs/pay.md):")
    body = json.dumps(parts.registry.first.service.example_input)
    say(f"  curl -s -X POST {url}{path} -H 'Content-Type: application/json' -d '{body}'")

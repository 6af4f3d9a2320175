"""The service that the clients call: `alive402 serve` in a process of its own, with test money, keys and media."""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import av
import httpx
from anyio.from_thread import BlockingPortal, start_blocking_portal
from typer.testing import CliRunner

from alive402.cli.main import app
from alive402.demo import Buyer, Clips, run_service, serve_files
from tests.clients.table import Client

PRICE = 200_000
FUNDS = 5_000_000
SERVICE = "video-face-liveness-detection"


@dataclass(frozen=True)
class Purse:
    """What one client pays with: the driver's environment, and the number of calls charged to it so far."""

    kind: str
    calls: int
    environment: dict[str, str]
    site: Site
    reference: str = ""

    def charged(self) -> float:
        """The number of video calls that were charged."""
        match self.kind:
            case "wallet":
                left = self.site.balance(self.environment["WALLET_ADDRESS"])
                return (FUNDS - left) / PRICE
            case "solana":
                left = self.site.solana_balance(self.environment["WALLET_ADDRESS"])
                return (FUNDS - left) / PRICE
            case "token":
                shown = httpx.get(f"{self.site.url}/api/payments/{self.reference}").json()
                return self.calls - int(shown["remainingCalls"])
            case "key":
                (row,) = [each for each in self.site.keys("list")["keys"] if each["id"] == self.reference]
                return self.calls - sum(row["balance"].values())
        return 0


@dataclass(frozen=True)
class Site:
    """A running service; `folder` holds its ledger and its OpenAPI document."""

    url: str
    files: str
    folder: Path
    portal: BlockingPortal

    def purse(self, kind: str, calls: int) -> Purse:
        """New means to pay for some calls: a wallet with test money, a token or a key with these calls, or nothing."""
        given = {
            "SERVICE": self.url,
            "VIDEO_URL": f"{self.files}/face.mp4",
            "IMAGE_URL": f"{self.files}/face.jpg",
            "OPENAPI": str(self.folder / "openapi.json"),
        }
        match kind:
            case "wallet":
                buyer = self.portal.call(self._funded)
                key = "0x" + bytes(buyer.account.key).hex()
                return Purse(kind, calls, {**given, "WALLET_KEY": key, "WALLET_ADDRESS": buyer.account.address}, self)
            case "solana":
                return Purse(kind, calls, {**given, **self._solana_wallet()}, self)
            case "token":
                token, payment = self.portal.call(self._prepaid, calls)
                return Purse(kind, calls, {**given, "TOKEN": token}, self, payment)
            case "key":
                made = self.keys("create", "--name", "client", "--scope", "call", "--access-key", "--prepaid")
                self.keys("credit", made["id"], "--calls", str(calls), "--service", SERVICE)
                named = {"ACCESS_KEY_ID": made["accessKeyId"], "ACCESS_KEY_SECRET": made["key"], "API_KEY": made["key"]}
                host = {"ENDPOINT": self.url.removeprefix("http://")}
                return Purse(kind, calls, {**given, **named, **host}, self, made["id"])
        return Purse(kind, calls, given, self)

    def balance(self, address: str) -> int:
        async def asked() -> int:
            async with Buyer(self.url) as buyer:
                offers = (await buyer.ask("http://example.com/v.mp4")).json()["accepts"]
                return await buyer.balance(offers[0]["asset"], address)

        return self.portal.call(asked)

    def solana_balance(self, address: str) -> int:
        """The test money of a wallet on the Solana dev chain, by its token account there."""
        from x402.mechanisms.svm.utils import derive_ata

        from alive402.payments.devchain.solana import MINT

        asked = {"jsonrpc": "2.0", "id": 1, "method": "getTokenAccountBalance", "params": [derive_ata(address, MINT)]}
        answer = httpx.post(f"{self.url}/devchain/solana/rpc", json=asked).raise_for_status().json()
        return int(answer["result"]["value"]["amount"])

    def _solana_wallet(self) -> dict[str, str]:
        """A new wallet with test money on the Solana dev chain."""
        from solders.keypair import Keypair

        wallet = Keypair()
        address = str(wallet.pubkey())
        httpx.post(f"{self.url}/devchain/solana/faucet", json={"address": address}).raise_for_status()
        rpc = f"{self.url}/devchain/solana/rpc"
        return {"WALLET_KEY": bytes(wallet).hex(), "WALLET_ADDRESS": address, "SOLANA_RPC": rpc}

    async def _funded(self) -> Buyer:
        async with Buyer(self.url) as buyer:
            await buyer.fund()
            return buyer

    async def _prepaid(self, calls: int) -> tuple[str, str]:
        async with Buyer(self.url) as buyer:
            await buyer.fund()
            paid = (await buyer.prepay(calls)).raise_for_status().json()
            return buyer.token, paid["paymentId"]

    def keys(self, *words: str) -> dict[str, list[dict[str, object]]]:
        """The JSON output of `alive402 keys …` on this ledger, run in this process to save its start."""
        ledger = f"sqlite+aiosqlite:///{self.folder / 'ledger.db'}"
        result = CliRunner().invoke(app, ["keys", *words, "--database-url", ledger, "--json"])
        assert result.exit_code == 0, result.output
        return dict(json.loads(result.stdout))


Sites = Callable[[Client], Site]
"""The service for a client: one for those that pay on Solana, one for all others."""


@contextmanager
def running(clips: Clips) -> Iterator[Sites]:
    """Host the demo's clip, and start each service for the first client that needs it; all stop at the end."""
    with contextlib.ExitStack() as open_:
        media = Path(open_.enter_context(tempfile.TemporaryDirectory()))
        (media / "face.mp4").symlink_to(clips.bona_fide)
        with av.open(str(clips.bona_fide)) as film:
            frame = next(each for place, each in enumerate(film.decode(video=0)) if place == 60)
        frame.to_image().save(media / "face.jpg")
        files = open_.enter_context(serve_files(media))
        portal = open_.enter_context(start_blocking_portal())

        @cache
        def started(solana: bool) -> Site:
            folder = Path(open_.enter_context(tempfile.TemporaryDirectory()))
            settings = {"ALIVE402_DEV_SOLANA": "true"} if solana else {}
            url = open_.enter_context(portal.wrap_async_context_manager(run_service(folder, settings)))
            (folder / "openapi.json").write_text(httpx.get(f"{url}/openapi.json").text)
            return Site(url, files, folder, portal)

        yield lambda client: started(client.pays == "solana")

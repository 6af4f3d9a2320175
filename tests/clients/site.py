"""The service that the clients call: `alive402 serve` in a process of its own, with test money, keys and media."""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import av
import httpx
from anyio.from_thread import BlockingPortal, start_blocking_portal
from typer.testing import CliRunner

from alive402.cli.main import app
from alive402.demo import Buyer, Clips, run_service, serve_files

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


@contextmanager
def running(clips: Clips) -> Iterator[Site]:
    """Start the service and a host of the demo's clip; both stop at the end."""
    with contextlib.ExitStack() as open_:
        folder, media = (Path(open_.enter_context(tempfile.TemporaryDirectory())) for _ in range(2))
        (media / "face.mp4").symlink_to(clips.bona_fide)
        with av.open(str(clips.bona_fide)) as film:
            frame = next(each for place, each in enumerate(film.decode(video=0)) if place == 60)
        frame.to_image().save(media / "face.jpg")
        files = open_.enter_context(serve_files(media))
        portal = open_.enter_context(start_blocking_portal())
        url = open_.enter_context(portal.wrap_async_context_manager(run_service(folder)))
        (folder / "openapi.json").write_text(httpx.get(f"{url}/openapi.json").text)
        yield Site(url, files, folder, portal)

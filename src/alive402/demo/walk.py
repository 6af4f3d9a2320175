"""The demonstration: two clips are judged, each is charged once, reusing a payment is refused; then a challenge."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console

from alive402.demo.buyer import Buyer, receipt
from alive402.demo.clips import prepare_clips
from alive402.demo.freshness import show_challenge
from alive402.demo.server import DemoFailed, run_service, serve_files
from alive402.liveness import model_files

CENT = 10_000


async def run_demo(console: Console) -> None:
    """Run the demonstration.

    Raises:
        DemoFailed: a payment or refusal did not behave as expected. Any verdict is shown as it is.
        AnalysisError: a clip of the challenge could not be judged.
    """
    console.rule("[bold]alive402: a video goes in, a judged answer comes out, money moves once")
    clips = prepare_clips(model_files.cache_folder().parent / "demo", _progress(console))
    with tempfile.TemporaryDirectory(prefix="alive402-demo-") as scratch:
        folder = Path(scratch)
        (folder / "clips").mkdir()
        urls = {}
        for name, clip in (("bona-fide", clips.bona_fide), ("attack", clips.attack)):
            (folder / "clips" / (name + clip.suffix)).symlink_to(clip.resolve())
            urls[name] = f"/{name}{clip.suffix}"
        with serve_files(folder / "clips") as files:
            async with run_service(folder) as service, Buyer(service) as buyer:
                console.print(f"The service runs at {service}, on test money; the clips are at {files}.")
                await _buy(console, buyer, files + urls["bona-fide"], files + urls["attack"])
    console.rule("6. A challenge: was this clip filmed for this question?")
    await asyncio.to_thread(show_challenge, console, clips.bona_fide)
    console.rule("[bold]Go on")
    console.print("  make serve                    run it yourself; prints a test wallet and a curl line")
    console.print("  alive402 analyze FILE_OR_URL  judge a clip here, without paying")
    console.print("  docs/pay.md                   how a buyer pays; every code and status")
    console.print("  docs/accept-payments.md       how an operator takes payments on real networks")


async def _buy(console: Console, buyer: Buyer, bona_fide: str, attack: str) -> None:
    console.rule("1. Ask without paying")
    unpaid = await buyer.ask(bona_fide)
    _demand(unpaid.status_code == 402 and "PAYMENT-REQUIRED" in unpaid.headers, f"402 expected, {_said(unpaid)}")
    terms = unpaid.json()["accepts"][0]
    price = int(terms["maxAmountRequired"])
    console.print(f"HTTP 402: pay {price} atomic units (USD {price / 1e6:.2f})")
    console.print(f"  of {terms['asset']} on {terms['network']} to {terms['payTo']}, scheme `{terms['scheme']}`")

    console.rule("2. A fresh wallet, and test money from the faucet")
    await buyer.fund()
    asset = terms["asset"]
    console.print(f"  {buyer.account.address} has {_usd(await buyer.balance(asset))}")

    console.rule("3. Pay for the clip that was filmed from life")
    first = await _paid(console, buyer, bona_fide, asset, price)
    spent = buyer.signature
    console.rule("4. Pay for the same clip, re-filmed from a phone")
    await _paid(console, buyer, attack, asset, price)

    console.rule("5. The first payment once more")
    before = await buyer.balance(asset)
    other = await buyer.send(attack, spent)
    _demand(other.status_code == 409 and other.json()["charged"] is False, f"409 expected, {_said(other)}")
    console.print(f"  for the other clip:  HTTP 409 {other.json()['code']}, nothing charged")
    again = await buyer.send(bona_fide, spent)
    _demand(again.status_code == 200 and again.json() == first, f"the same answer expected, {_said(again)}")
    console.print(f"  for the same clip:   HTTP 200, the stored answer again, request {first['requestId']}")
    _demand(await buyer.balance(asset) == before, "the balance changed although nothing was bought")
    console.print(f"  balance unchanged:   {_usd(before)}")


async def _paid(console: Console, buyer: Buyer, video: str, asset: str, price: int) -> dict[str, Any]:
    """Make one paid call; print its verdict and the transfer."""
    before = await buyer.balance(asset)
    response = await buyer.pay(video)
    _demand(response.status_code == 200, f"200 expected, {_said(response)}")
    body: dict[str, Any] = response.json()
    after, settled = await buyer.balance(asset), receipt(response)
    report = body["data"]["Liveness"]
    colour = {"live": "green", "spoof": "red"}.get(report["verdict"], "yellow")
    console.print(
        f"  verdict  [bold {colour}]{report['verdict']}[/]  live confidence {report['live_confidence']:.3f}, "
        f"threshold {report['threshold']:.3f}" + (f", {report['attack_type']}" if report["attack_type"] else "")
    )
    for reason in report["reasons"]:
        console.print(f"    because {reason['message']}")
    console.print(f"  charged  {_usd(before - after)}: {_usd(before)} before, {_usd(after)} after")
    console.print(f"  on chain {settled.transaction}")
    transfer = await _transfer(buyer, settled.transaction, asset)
    console.print(f"           from {transfer[0]} to {transfer[1]}, {_usd(transfer[2])}")
    _demand(settled.success and before - after == price == transfer[2], "the transferred amount is not the price")
    return body


async def _transfer(buyer: Buyer, transaction: str, asset: str) -> tuple[str, str, int]:
    """(from, to, amount) of the token's Transfer in a transaction, read from the chain."""
    mined = await buyer.rpc("eth_getTransactionReceipt", [transaction])
    for entry in mined["logs"]:
        if entry["address"].lower() == asset.lower() and len(entry["topics"]) == 3 and len(entry["data"]) == 66:
            return "0x" + entry["topics"][1][-40:], "0x" + entry["topics"][2][-40:], int(entry["data"], 16)
    raise DemoFailed(f"No money moved in {transaction}.")


def _progress(console: Console) -> Callable[[str, float], None]:
    """Print each step of the preparation once; the share is not shown."""
    said: set[str] = set()

    def tell(step: str, _share: float) -> None:
        if step not in said:
            said.add(step)
            console.print(f"[dim]{step}[/]")

    return tell


def _demand(held: bool, otherwise: str) -> None:
    if not held:
        raise DemoFailed(otherwise)


def _said(response: httpx.Response) -> str:
    return f"the service said {response.status_code}: {response.text[:300]}"


def _usd(amount: int) -> str:
    return f"{amount / (100 * CENT):.2f} test dollars"

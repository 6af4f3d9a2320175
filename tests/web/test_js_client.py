"""Tests of clients/js in a browser: a page of another site buys with a browser's wallet, and verifies the answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
from eth_account import Account

from alive402.demo import Clips, serve_files
from tests.conftest import shortened
from tests.e2e.pages import ROOT
from tests.http.conftest import Service
from tests.web.conftest import Launch

BUY = """async ([service, account]) => {
  const { Client, browserWallet } = await import("/src/index.js");
  // A provider as a browser's wallet has it; the key is outside of the page.
  const provider = { async request({ method, params }) {
    if (method === "eth_requestAccounts") return [account];
    if (method === "eth_chainId") return "0x14a34";
    if (method === "eth_signTypedData_v4") return window.signed(params[1]);
    throw new Error(method);
  } };
  const client = new Client(service, { wallet: await browserWallet(provider), maxUsd: 0.25 });
  const file = await (await fetch("/face.mp4")).blob();
  const answer = await client.buy(file);
  return { verdict: answer.verdict, payer: answer.payment.payer };
}"""


def test_page_of_another_site_buys_and_verifies(launch: Launch, service: Service, clips: Clips, tmp_path: Path) -> None:
    wallet = Account.create()
    httpx.post(f"{service.url}/devchain/faucet", json={"address": wallet.address}).raise_for_status()

    def sign(typed: dict[str, Any]) -> str:
        return "0x" + wallet.sign_typed_data(full_message=typed).signature.hex().removeprefix("0x")

    (tmp_path / "src").symlink_to(ROOT / "clients" / "js" / "src")
    (tmp_path / "index.html").write_text("<!doctype html><title>Another site</title>")
    shortened(clips.bona_fide, tmp_path / "face.mp4")
    with serve_files(tmp_path) as site:
        page = launch().new_page()
        page.expose_function("signed", lambda typed: sign(json.loads(typed)))
        page.goto(site)
        bought = page.evaluate(BUY, [service.url, wallet.address])
    assert bought["verdict"] in ("live", "inconclusive")
    assert bought["payer"] == wallet.address

"""Tests of pages from another origin in a browser: @x402/fetch pays, scripts read the headers, `/ops` stays closed."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from eth_account import Account
from playwright.sync_api import Page

from alive402.demo import TOOL_PATH, serve_files
from tests.http.conftest import Service
from tests.http.test_buyers import node, npm_packages
from tests.web.conftest import Launch

BUNDLER = "esbuild@0.25.12"
BUYER = """
import { decodePaymentResponseHeader, wrapFetchWithPaymentFromConfig } from "@x402/fetch";
import { ExactEvmScheme } from "@x402/evm";
import { privateKeyToAccount } from "viem/accounts";
globalThis.buy = async (key, url, video) => {
  const client = new ExactEvmScheme(privateKeyToAccount(key));
  const pay = wrapFetchWithPaymentFromConfig(fetch, { schemes: [{ network: "eip155:*", client }] });
  const headers = { "Content-Type": "application/json" };
  const answer = await pay(url, { method: "POST", headers, body: JSON.stringify({ VideoUrl: video }) });
  const settled = decodePaymentResponseHeader(answer.headers.get("PAYMENT-RESPONSE"));
  return { status: answer.status, body: await answer.json(), settled };
};
"""
ASK = """async (url) => {
  const headers = { "Content-Type": "application/json", "Idempotency-Key": "a", "X-Payment-Token": "pt_unknown",
    Prefer: "wait=1", "X-Callback-Url": "https://shop.example/" };
  const body = JSON.stringify({ VideoUrl: "https://shop.example/v.mp4" });
  const answer = await fetch(url, { method: "POST", headers, body });
  const names = ["PAYMENT-REQUIRED", "X-Request-Id", "X-Content-Type-Options"];
  return [answer.status, names.map((name) => answer.headers.get(name))];
}"""
READ = """async (url) => {
  try { return (await fetch(url, { credentials: "include" })).status; } catch (error) { return error.name; }
}"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base URL of a site of somebody else."""
    folder = tmp_path_factory.mktemp("shop")
    (folder / "index.html").write_text("<!doctype html><title>Shop</title>")
    with serve_files(folder) as base:
        yield base


@pytest.fixture(scope="module")
def page(launch: Launch) -> Page:
    return launch().new_page()


def bundled(folder: Path, script: str) -> str:
    """The script with the npm packages in `folder`, for a browser."""
    if not (folder / "node_modules" / "esbuild").exists():
        quiet = ["--no-audit", "--no-fund", "--ignore-scripts", "--no-save", "--loglevel=error"]
        command = [node("npm"), "install", *quiet, "--prefix", str(folder), BUNDLER]
        done = subprocess.run(command, capture_output=True, text=True, timeout=200)
        if done.returncode:
            shutil.rmtree(folder / "node_modules" / "esbuild", ignore_errors=True)
            pytest.skip(f"npm cannot install {BUNDLER}: {done.stderr.strip()[-200:]}")
    command = [node(), str(folder / "node_modules" / "esbuild" / "bin" / "esbuild")]
    wanted = ["--bundle", "--format=iife", "--platform=browser", "--log-level=error", f"--sourcefile={folder}/page.mjs"]
    done = subprocess.run(
        [*command, *wanted], input=script, capture_output=True, text=True, timeout=100, cwd=folder, check=False
    )
    assert done.returncode == 0, done.stderr[-1000:]
    return done.stdout


def test_x402_fetch_pays_from_another_origin(service: Service, videos: str, shop: str, page: Page) -> None:
    buyer = Account.create()
    chain = service.parts.devchain
    chain.mint(buyer.address, 1_000_000)
    page.goto(f"{shop}/index.html")
    page.add_script_tag(content=bundled(npm_packages(), BUYER))
    bought = page.evaluate(
        "([key, url, video]) => buy(key, url, video)",
        ["0x" + bytes(buyer.key).hex(), service.url + TOOL_PATH, f"{videos}/face.mp4"],
    )
    assert bought["status"] == 200, bought
    assert bought["settled"]["success"] is True
    assert bought["body"]["data"]["Liveness"]["verdict"] in {"live", "spoof", "inconclusive"}
    assert chain.balance(buyer.address) == 800_000


def test_script_of_another_origin_reads_the_payment_headers(service: Service, shop: str, page: Page) -> None:
    page.goto(f"{shop}/index.html")
    status, (required, request_id, other) = page.evaluate(ASK, service.url + TOOL_PATH)
    assert (status, bool(required), bool(request_id), other) == (402, True, True, None)


@pytest.mark.parametrize("path", ["/api/catalog", "/.well-known/jwks.json", "/llms.txt", "/openapi.json"])
def test_script_of_another_origin_reads_documents(service: Service, shop: str, page: Page, path: str) -> None:
    page.goto(f"{shop}/index.html")
    script = READ.replace(', { credentials: "include" }', "")
    assert page.evaluate(script, service.url + path) == 200


@pytest.mark.parametrize("path", ["/ops", "/api/ops/summary", "/metrics", "/api/catalog"])
def test_no_script_of_another_origin_reads_with_cookies(service: Service, shop: str, page: Page, path: str) -> None:
    page.goto(f"{shop}/index.html")
    assert page.evaluate(READ, service.url + path) == "TypeError"

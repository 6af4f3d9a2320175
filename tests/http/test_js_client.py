"""Tests of the npm package in clients/js: run by Node against a service, and typed; tests/web/ has it in a browser."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest
from eth_account import Account
from x402.mechanisms.evm.default_assets import find_default_asset

from alive402.demo import Clips
from alive402.web import load_assets
from tests.conftest import shortened
from tests.e2e.pages import ROOT, block
from tests.http.challenging import clip
from tests.http.conftest import Service
from tests.http.test_api_keys import made
from tests.http.test_buyers import node, npm_packages

__all__ = ["clip"]
PACKAGE = ROOT / "clients" / "js"
TYPESCRIPT = ("typescript@5.9.3",)
REACT = ("react@19.2.0", "react-dom@19.2.0")


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package as npm packs it."""
    folder = tmp_path_factory.mktemp("packed")
    command = [node("npm"), "pack", str(PACKAGE), "--pack-destination", str(folder)]
    subprocess.run(command, cwd=folder, capture_output=True, check=True, timeout=60)
    (packed,) = folder.glob("*.tgz")
    with tarfile.open(packed) as files:
        files.extractall(folder, filter="data")
    return folder / "package"


def test_client_buys_from_node(service: Service, videos: str, clips: Clips, clip: Path, tmp_path: Path) -> None:
    viem, video = npm_packages(), tmp_path / "face.mp4"
    shortened(clips.bona_fide, video)
    given = {
        "SERVICE": service.url,
        "VIDEO_URL": f"{videos}/face.mp4",
        "VIDEO": str(video),
        "CLIP": str(clip),
        "WALLET_KEY": "0x" + bytes(Account.create().key).hex(),
        "API_KEY": made(service, "call")["key"],
        "NPM": str(viem),
    }
    command = [node(), "--test", str(PACKAGE / "test" / "client.test.mjs")]
    done = subprocess.run(command, env={**os.environ, **given}, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]


def test_only_dollar_tokens_with_eip_3009_are_paid() -> None:
    script = f"import {{ DOLLARS }} from '{PACKAGE}/src/payment.js'; console.log(JSON.stringify(DOLLARS))"
    done = subprocess.run(
        [node(), "--input-type=module", "-e", script], capture_output=True, text=True, check=True, timeout=30
    )
    for network, tokens in json.loads(done.stdout).items():
        for token, decimals in tokens.items():
            known = find_default_asset(token, network)
            assert known is not None
            assert (known["decimals"], known["symbol"]) == (decimals, "USDC")
            assert known.get("asset_transfer_method") in (None, "eip3009")


def test_package_is_typed_and_holds_what_it_needs(packed: Path, tmp_path: Path) -> None:
    compiler = npm_packages(TYPESCRIPT) / "node_modules" / "typescript" / "bin" / "tsc"
    shutil.copytree(packed, tmp_path / "node_modules" / "alive402")
    (tmp_path / "buy.mts").write_text(
        'import { Client, ClientError, type Answer } from "alive402";\n'
        "type Hex = `0x${string}`;\n"
        "declare const wallet: { address: Hex; signTypedData(given: { domain?: object }): Promise<Hex> };\n"
        'const client = new Client("https://live.example", { wallet, maxUsd: 0.25 });\n'
        'const answer: Answer = await client.buy(new Blob([]), { idempotencyKey: "order-17" });\n'
        "const verdict: string = answer.verdict;\n"
        "try { await client.resume({} as any) } catch (error) {\n"
        "  if (error instanceof ClientError && error.pending) console.log(error.code, verdict);\n"
        "}\n"
    )
    (tmp_path / "film.mts").write_text(
        'import { AliveCapture, type Movement } from "alive402/capture";\n'
        'import { AliveCapture as Component } from "alive402/react";\n'
        'const element = document.createElement("alive-capture");\n'
        'element.addEventListener("alive-handed-over", ({ detail }) => console.log(detail.uploadUrl));\n'
        'element.addEventListener("alive-redraw", ({ detail }) => { const avoid: Movement[] = detail.avoid; });\n'
        "const same: AliveCapture = element;\n"
        "await same.start();\n"
        'Component({ challenge: "id", onError: ({ code }) => console.log(code.length) });\n'
    )
    options = ["--noEmit", "--strict", "--module", "nodenext", "--target", "es2022", "--lib", "es2022,dom"]
    done = subprocess.run(
        [node(), str(compiler), *options, "buy.mts", "film.mts"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout
    package = json.loads((packed / "package.json").read_text())
    assert "dependencies" not in package
    assert all((packed / name).exists() for name in package["files"])
    assert (packed / "LICENSE").read_text() == (ROOT / "LICENSE").read_text()
    assert (packed / "src" / "capture.js").read_bytes() == load_assets().files["js/alive-capture.js"].body


def test_component_renders_on_a_server_and_in_react(packed: Path, tmp_path: Path) -> None:
    modules = tmp_path / "node_modules"
    shutil.copytree(packed, modules / "alive402")
    for path in (npm_packages(REACT) / "node_modules").iterdir():
        (modules / path.name).symlink_to(path)
    command = [node(), "--test", str(PACKAGE / "test" / "capture.test.mjs")]
    given = {**os.environ, "NPM": str(tmp_path)}
    done = subprocess.run(command, env=given, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout[-4000:]


def test_script_of_the_page_buys(service: Service, videos: str, tmp_path: Path) -> None:
    script = block("client.md", "viem/accounts")
    modules = tmp_path / "node_modules"
    modules.mkdir()
    (modules / "alive402").symlink_to(PACKAGE)
    for path in (npm_packages() / "node_modules").iterdir():
        (modules / path.name).symlink_to(path)
    (tmp_path / "buy.mjs").write_text(script.replace("const answer", "await client.fund();\nconst answer"))
    given = {
        "SERVICE": service.url,
        "VIDEO_URL": f"{videos}/face.mp4",
        "WALLET_KEY": "0x" + bytes(Account.create().key).hex(),
    }
    done = subprocess.run(
        [node(), "buy.mjs"],
        cwd=tmp_path,
        env={**os.environ, **given},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[0] in ("live", "inconclusive")
    assert done.stdout.split()[1].startswith("0x")

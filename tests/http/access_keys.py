"""Helpers for tests of the Alibaba API: a key from the command line, the vendor's SDK pointed at the service."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from alibabacloud_facebody20191230.client import Client
from alibabacloud_facebody20191230.models import DetectVideoLivingFaceRequest
from alibabacloud_tea_openapi.models import Config
from alibabacloud_tea_util.models import RuntimeOptions
from typer.testing import CliRunner, Result

from alive402.cli.main import app
from tests.http.conftest import Service

SERVICE = "video-face-liveness-detection"
V3, V1 = None, "v2"
"""Signature versions, as the SDK's `signature_algorithm` names them."""


def command(service: Service, *words: str) -> Result:
    given = ["keys", *words, "--database-url", f"sqlite+aiosqlite:///{service.database}"]
    # In a thread of its own: the command has an event loop, and so may the test.
    with ThreadPoolExecutor(1) as apart:
        return apart.submit(CliRunner().invoke, app, given).result()


def made(service: Service, *more: str, scope: str = "call") -> dict[str, Any]:
    """Create a key that signs requests: `id`, `accessKeyId`, and `key`, which is the AccessKeySecret."""
    result = command(service, "create", "--name", "SDK", "--scope", scope, "--access-key", "--json", *more)
    assert result.exit_code == 0, result.output
    return dict(json.loads(result.stdout))


def credited(service: Service, key: dict[str, Any], calls: int, sold: str = SERVICE) -> None:
    result = command(service, "credit", key["id"], "--calls", str(calls), "--service", sold)
    assert result.exit_code == 0, result.output


def balance(service: Service, key: dict[str, Any]) -> int:
    listed = json.loads(command(service, "list", "--json").stdout)["keys"]
    (row,) = [row for row in listed if row["id"] == key["id"]]
    return sum(row["balance"].values())


def sdk(service: Service, key: dict[str, Any], version: str | None, **changed: str) -> Client:
    given = {"access_key_id": key["accessKeyId"], "access_key_secret": key["key"], **changed}
    endpoint = service.url.removeprefix("http://")
    return Client(Config(**given, endpoint=endpoint, protocol="http", signature_algorithm=version))


def detect(client: Client, url: str | None) -> Any:
    """One call by the SDK, as its documentation shows it."""
    options = RuntimeOptions(read_timeout=180_000, connect_timeout=10_000, no_proxy="127.0.0.1")
    return client.detect_video_living_face_with_options(DetectVideoLivingFaceRequest(video_url=url), options)

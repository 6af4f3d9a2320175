"""Tests of a client generated from the OpenAPI document: unpaid, paid, and as a job."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from alive402.payments.keys import Scope
from tests.http.conftest import Service

pytestmark = pytest.mark.anyio
# Its typer is older than ours, so it cannot be installed beside us.
GENERATOR = ("openapi-python-client==0.29.1", "ruamel.yaml==0.19.1", "typer==0.27.3")
SCRIPT = """
import json, sys, time
from client import AuthenticatedClient, Client
from client.api.services import get_job, video_face_liveness_detection as tool
from client.models import Job
from client.models import VideoFaceLivenessDetectionBody as Body

url, video, key = sys.argv[1:]
asked = tool.sync_detailed(client=Client(base_url=url), body=Body(video_url=video))
told = asked.parsed
print(json.dumps([asked.status_code, told.code, told.accepts[0]["maxAmountRequired"], told.payment.status]))

paying = AuthenticatedClient(base_url=url, token=key, prefix="", auth_header_name="X-Api-Key", timeout=60)
answer = tool.sync(client=paying, body=Body(video_url=video))
print(json.dumps(answer.data.liveness.verdict))

job = tool.sync(client=paying, body=Body(video_url=video), prefer="respond-async")
assert isinstance(job, Job)
while job.status in ("queued", "working"):
    time.sleep(0.05)
    job = get_job.sync(job.job_id, client=paying)
print(json.dumps([job.status, job.result["data"]["Liveness"]["verdict"]]))
"""


@pytest.fixture(scope="module")
def generator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the installed generator."""
    folder = tmp_path_factory.mktemp("generator")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--disable-pip-version-check", "--no-input"]
    installed = subprocess.run([*pip, "--target", folder, *GENERATOR], capture_output=True, text=True)
    if installed.returncode:
        pytest.skip(f"the generator cannot be installed: {installed.stderr.strip().splitlines()[-1][:200]}")
    return folder


@pytest.fixture
def document(service: Service, tmp_path: Path) -> Path:
    path = tmp_path / "openapi.json"
    path.write_text(httpx.get(f"{service.url}/openapi.json").text)
    return path


async def test_generated_client_calls_the_service(
    service: Service, videos: str, generator: Path, document: Path, tmp_path: Path
) -> None:
    _, key = await service.parts.registry.ledger_services.keys.create("tests", [Scope.CALL])

    def run(*arguments: str) -> str:
        path = os.pathsep.join((str(generator), str(tmp_path)))
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": path},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    generate = ("-m", "openapi_python_client", "generate", "--meta", "none", "--output-path", "client")
    said = run(*generate, "--path", str(document))
    assert "within services" not in said, said
    first, *more = run("-c", SCRIPT, service.url, f"{videos}/face.mp4", key).splitlines()
    assert json.loads(first) == [402, "payment_required", "200000", "required"]
    verdict, job = (json.loads(line) for line in more)
    assert verdict in {"live", "spoof", "inconclusive"}
    assert job == ["done", verdict]

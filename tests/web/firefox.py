"""Starts the system's Firefox for Playwright: run as a program in place of Firefox, it stands between the two.

Playwright drives a stock Firefox by WebDriver BiDi. For each new profile it sends a command that Firefox 153 does not
know; the refusal is passed on as done, because no test in Firefox sets what the command is about.
"""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve

FIREFOX = shutil.which("firefox-esr") or shutil.which("firefox")
CAMERA = {"media.navigator.streams.fake": True, "media.navigator.permission.disabled": True}
"""Firefox's own fake camera, which needs no permission: a plane that changes its colour."""
NEEDS = "apt-get install --no-install-recommends firefox-esr libavcodec-extra"
DISPENSABLE = "emulation.setMediaFeaturesOverride"
LISTENING = re.compile(rb"WebDriver BiDi listening on (ws://\S+)")
H264 = """document.createElement("video").canPlayType('video/mp4; codecs="avc1.42E01E"')"""


@contextmanager
def running_firefox(folder: Path) -> Iterator[Browser]:
    """Firefox with a fake camera, until the block ends; its test is skipped where there is none."""
    if FIREFOX is None:
        pytest.skip(f"Firefox is not installed: {NEEDS}")
    program = folder / "firefox"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I "{__file__}" "{FIREFOX}" "$@"\n')
    program.chmod(0o700)
    with sync_playwright() as playwright:
        browser = playwright.firefox.launch(
            executable_path=program, channel="moz-firefox", firefox_user_prefs=dict(CAMERA)
        )
        page = browser.new_page()
        if not page.evaluate(H264):
            pytest.skip(f"This Firefox cannot show H.264: {NEEDS}")
        page.close()
        yield browser
        browser.close()


async def _start(*command: str) -> int:
    """Run Firefox, and name our own address in place of the one where it listens."""
    browser = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    assert browser.stderr is not None
    async for line in browser.stderr:
        if found := LISTENING.search(line):
            line = line.replace(found[1], (await _listen(found[1].decode())).encode())
        sys.stderr.buffer.write(line)
        sys.stderr.flush()
    return await browser.wait()


async def _listen(address: str) -> str:
    async def carry(near: ServerConnection) -> None:
        assert near.request is not None
        async with connect(address + near.request.path, max_size=None, compression=None) as far:
            dispensable: set[int] = set()

            async def back() -> None:
                async for message in far:
                    said = json.loads(message)
                    if said.get("error") == "unknown command" and said["id"] in dispensable:
                        message = json.dumps({"type": "success", "id": said["id"], "result": {}})
                    await near.send(message)
                await near.close()

            returning = asyncio.create_task(back())
            async for message in near:
                said = json.loads(message)
                if said["method"] == DISPENSABLE:
                    dispensable.add(said["id"])
                await far.send(message)
            returning.cancel()

    server = await serve(carry, "127.0.0.1", 0, max_size=None, compression=None)
    return f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"


if __name__ == "__main__":
    sys.exit(asyncio.run(_start(*sys.argv[1:])))

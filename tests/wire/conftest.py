"""Fixtures: one service for every test of the wire."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import pytest

from tests.wire.service import Wire, running
from tests.wire.stdio import Stdio

SECONDS = 3.0


@pytest.fixture(scope="session")
def stdio() -> Iterator[Stdio]:
    """The local MCP server; it starts while the service does."""
    server = Stdio()
    yield server
    server.close()


@pytest.fixture(scope="session")
def wire(stdio: Stdio, clips: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wire]:
    """A service with a funded buyer."""
    folder = tmp_path_factory.mktemp("wire")
    clip = _beginning(clips.bona_fide, folder / "clip.mp4")
    with running(folder, clip) as service:
        service.fund()
        yield service


def _beginning(clip: Path, to: Path) -> Path:
    """The first seconds of a clip, copied without encoding."""
    with av.open(str(clip)) as source, av.open(str(to), "w") as target:
        video = source.streams.video[0]
        copied = target.add_stream_from_template(video)
        for packet in source.demux(video):
            if packet.dts is None or packet.time_base is None or packet.dts * packet.time_base > SECONDS:
                break
            packet.stream = copied
            target.mux(packet)
    return to

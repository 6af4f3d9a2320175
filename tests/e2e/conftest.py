"""Fixtures of the crash tests: a short video, and a service that can be killed."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from alive402.demo import Clips, serve_files
from alive402.liveness import model_files
from tests.conftest import write_video
from tests.e2e.crash_setup import CrashSetup
from tests.e2e.launcher import Launcher
from tests.http.facilitators import running_facilitator


@pytest.fixture(scope="module")
def video(clips: Clips, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a video of a person, two seconds long, so that each analysis is short; pictures lie beside it."""
    model_files.ensure()
    folder = tmp_path_factory.mktemp("videos")
    with av.open(str(clips.bona_fide)) as container:
        frames = [frame.to_ndarray(format="bgr24") for frame in itertools.islice(container.decode(video=0), 60)]
    write_video(folder / "face.mp4", frames, rate=30)
    cv2.imwrite(str(folder / "face.jpg"), frames[-1])
    cv2.imwrite(str(folder / "wall.jpg"), np.full_like(frames[-1], 128))
    with serve_files(folder) as base:
        yield f"{base}/face.mp4"


@pytest.fixture(scope="module")
def database_url() -> str | None:
    """The URL of the ledger; None: SQLite in a file of its own."""
    return None


@pytest.fixture(scope="module")
def scheme() -> str:
    """The scheme in which payment is accepted, by its name in the settings."""
    return "exact"


@pytest.fixture(scope="session")
def launcher(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launcher]:
    made = Launcher(tmp_path_factory.mktemp("launcher") / "launcher.log")
    yield made
    made.close()


@pytest.fixture(scope="module")
async def setup(
    video: str,
    launcher: Launcher,
    database_url: str | None,
    scheme: str,
    answers: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[CrashSetup]:
    with running_facilitator() as facilitator:
        folder = tmp_path_factory.mktemp("setup")
        made = CrashSetup(folder, facilitator, video, launcher, database_url, scheme, answers)
        await made.open()
        yield made
        await made.close()


@pytest.fixture
async def calm(setup: CrashSetup) -> AsyncIterator[None]:
    """Reset the moment and the facilitator after each test."""
    yield
    setup.facilitator.fault = ""
    setup.facilitator.after_settling = lambda: None
    setup.arm("")

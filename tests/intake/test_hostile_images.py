"""Tests of every picture of the table of hostile pictures, in one worker as the service runs it; it survives."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alive402.demo import Clips
from alive402.errors import CodedError
from alive402.intake.sandbox import Sandbox, SandboxLimits
from alive402.liveness import IMAGE_HEAD_BYTES
from alive402.liveness.media.images import format_of, read
from tests.conftest import Image
from tests.intake import hostile_images, pictures
from tests.intake.hostile_files import BLACK, JUDGED
from tests.intake.hostile_images import NONE, Faces

# Seconds of a processor for each picture, where a video may have minutes: a trap that takes longer misses its code.
LIMITS = SandboxLimits(jobs=10_000, cpu_seconds=6)


@dataclass
class Outcome:
    """The results of the table.

    Attributes:
        codes: of each picture, by name.
        processes: ids of those that judged.
        peak_bytes: the most memory that one needed.
    """

    codes: dict[str, str] = field(default_factory=dict)
    processes: set[int] = field(default_factory=set)
    peak_bytes: int = 0


@pytest.fixture(scope="module")
def faces(person: list[Image], clips: Clips) -> Faces:
    return hostile_images.faces(person[60], clips.bona_fide.read_bytes())


async def judged(folder: Path, made: dict[str, bytes]) -> Outcome:
    """Send every picture to the worker, also those that a service would refuse, to test the worker alone."""
    outcome, path = Outcome(), folder / "picture"
    async with Sandbox(LIMITS, kept=1) as sandbox:
        await sandbox.warm_up()
        for name, data in made.items():
            path.write_bytes(data)
            try:
                await sandbox.judge(path, kind="image")
                outcome.codes[name] = JUDGED
            except CodedError as error:
                outcome.codes[name] = error.code
            # Where a process was lost, another takes its place.
            await sandbox.warm_up()
            (worker,) = sandbox._idle
            outcome.processes.add(worker.process_id)
            outcome.peak_bytes = max(outcome.peak_bytes, worker.peak_bytes)
    return outcome


@pytest.fixture(scope="module")
def made(faces: Faces) -> dict[str, bytes]:
    return {name: make(faces) for name, (make, _) in hostile_images.FILES.items()}


@pytest.fixture(scope="module")
def outcome(made: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return asyncio.run(judged(tmp_path_factory.mktemp("hostile"), made))


@pytest.mark.parametrize(("name", "code"), [(name, code) for name, (_, code) in hostile_images.FILES.items()])
def test_hostile_image_gets_its_code(outcome: Outcome, name: str, code: str) -> None:
    assert outcome.codes[name] == code


def test_non_image_reaches_no_decoder(made: dict[str, bytes]) -> None:
    inside = ("moves", "foreign")  # told apart by what is behind the first bytes
    refused = {
        name for name, (_, code) in hostile_images.FILES.items() if code == NONE and not any(map(name.count, inside))
    }
    assert refused == {name for name, data in made.items() if format_of(data[:IMAGE_HEAD_BYTES]) is None}


def test_one_worker_survives_every_image(outcome: Outcome) -> None:
    assert len(outcome.processes) == 1
    assert 0 < outcome.peak_bytes <= LIMITS.peak_bytes


def test_image_over_the_memory_limit_costs_one_worker(tmp_path: Path, faces: Faces) -> None:
    """No header shows the memory of a lossless WebP's codes. The next picture gets another worker."""
    hungry = pictures.webp(pictures.lossless(1024, 1024, 65_536))
    outcome = asyncio.run(judged(tmp_path, {"before": faces.jpeg, "hungry": hungry, "after": faces.jpeg}))
    assert outcome.codes == {"before": JUDGED, "hungry": BLACK, "after": JUDGED}
    assert len(outcome.processes) == 2


@given(st.lists(st.tuples(st.sampled_from([b"tEXt", b"iCCP", b"pHYs", b"prVt", b"gAMA"]), st.binary(max_size=60))))
def test_ancillary_chunks_change_no_pixel(
    faces: Faces, tmp_path_factory: pytest.TempPathFactory, extra: list[tuple[bytes, bytes]]
) -> None:
    head = 8 + len(pictures.header(1, 1))
    words = b"".join(pictures.chunk(kind, body) for kind, body in extra)
    path = tmp_path_factory.getbasetemp() / "with words"
    path.write_bytes(faces.png[:head] + words + faces.png[head:])
    plain = cv2.imdecode(np.frombuffer(faces.png, np.uint8), cv2.IMREAD_COLOR)
    assert plain is not None
    assert np.array_equal(read(path).pixels, plain)


def test_table_is_long_enough() -> None:
    assert len(hostile_images.FILES) >= 90

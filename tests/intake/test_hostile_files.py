"""Tests of every file of the table of hostile files, in one worker as the service runs it; the worker survives."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from alive402.demo import Clips
from alive402.errors import CodedError
from alive402.intake.sandbox import Sandbox, SandboxLimits
from alive402.intake.sniff import container_of
from tests.intake import hostile_files

LIMITS = SandboxLimits(jobs=10_000)


@dataclass
class Outcome:
    """The results of the table.

    Attributes:
        codes: of each file, by name, from the process that judges.
        sniffed: of each file that is refused before that, by name.
        processes: ids of those that judged.
        peak_bytes: the most memory that one needed.
    """

    codes: dict[str, str] = field(default_factory=dict)
    sniffed: dict[str, str] = field(default_factory=dict)
    processes: set[int] = field(default_factory=set)
    peak_bytes: int = 0


async def judged(folder: Path, person: Path) -> Outcome:
    """Send every file to the worker, also those that `sniff` would refuse, to test the worker alone."""
    seeds, outcome = hostile_files.seeds(person), Outcome()
    async with Sandbox(LIMITS, kept=1) as sandbox:
        await sandbox.warm_up()
        for number, (name, (make, _)) in enumerate(hostile_files.FILES.items()):
            path = write(folder / str(number), make(seeds))
            try:
                await sandbox.judge(path)
                outcome.codes[name] = hostile_files.JUDGED
            except CodedError as error:
                outcome.codes[name] = error.code
            try:
                container_of(path)
            except CodedError as error:
                outcome.sniffed[name] = error.code
            # Where a process was lost, another takes its place.
            await sandbox.warm_up()
            (worker,) = sandbox._idle
            outcome.processes.add(worker.process_id)
            outcome.peak_bytes = max(outcome.peak_bytes, worker.peak_bytes)
    return outcome


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.fixture(scope="module")
def outcome(clips: Clips, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return asyncio.run(judged(tmp_path_factory.mktemp("hostile"), clips.bona_fide))


@pytest.mark.parametrize(("name", "code"), [(name, code) for name, (_, code) in hostile_files.FILES.items()])
def test_hostile_file_gets_its_code(outcome: Outcome, name: str, code: str) -> None:
    assert outcome.codes[name] == code
    assert outcome.sniffed.get(name, code) == code


def test_non_video_reaches_no_decoder(outcome: Outcome) -> None:
    assert {"playlist", "concat", "dash", "session description", "svg", "zip bomb", "raw h264"} <= set(outcome.sniffed)


def test_one_worker_survives_every_file(outcome: Outcome) -> None:
    assert len(outcome.processes) == 1
    assert 0 < outcome.peak_bytes <= LIMITS.peak_bytes


def test_table_is_long_enough() -> None:
    assert len(hostile_files.FILES) >= 40

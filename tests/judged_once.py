"""Judges that keep the real engine's answer for each file, for tests in which the analysis itself is not under test."""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any
from uuid import uuid4

from alive402.intake.sandbox import Judged, Kind, Progress, understood
from alive402.liveness import Challenge, UnusableVideo
from alive402.providers import Judges, LocalProvider

PAUSE_SECONDS = 0.03
"""Time in each stage, so that other calls come in between as they do while a file is judged."""


class JudgedOnce:
    """Answers for a file that was judged before from `folder`, which all processes of a test run may share.

    The first time, a file is judged by `judges`, in a real worker process; so is each that has to answer a challenge.
    """

    def __init__(self, judges: Judges, folder: Path) -> None:
        self._judges, self._folder = judges, folder

    async def judge(
        self,
        path: Path,
        progress: Progress | None = None,
        kind: Kind = "video",
        challenge: Challenge | None = None,
    ) -> Judged:
        if challenge is not None:
            return await self._judges.judge(path, progress, kind, challenge)
        digest = await asyncio.to_thread(lambda: hashlib.sha256(path.read_bytes()).hexdigest())
        kept = self._folder / f"{digest}.{kind}.json"
        if kept.exists():
            for stage, share in (("looking", 0.5), ("judging", 1.0)):
                if progress is not None:
                    progress(stage, share)
                await asyncio.sleep(PAUSE_SECONDS)
            return understood(json.loads(kept.read_text()))
        try:
            judged = await self._judges.judge(path, progress, kind)
        except UnusableVideo as error:
            _keep(kept, {"error": error.to_dict()})
            raise
        _keep(kept, dataclasses.asdict(judged))
        return judged

    async def warm_up(self) -> None:
        """Do nothing: a process starts with the first file that is not known."""

    async def close(self) -> None:
        await self._judges.close()


def _keep(path: Path, message: dict[str, Any]) -> None:
    # Another process may judge the same file at the same time.
    aside = path.with_name(uuid4().hex)
    aside.write_text(json.dumps(message))
    aside.rename(path)


def judge_once(provider: LocalProvider, folder: Path) -> None:
    """Make `provider` keep its answers in `folder`. Its threshold must be the one of all that share the folder."""
    folder.mkdir(exist_ok=True)
    provider._judges = provider.trial.judges = JudgedOnce(provider._judges, folder)

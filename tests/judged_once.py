"""Judges that keep the real engine's answer for each file, for tests in which the analysis itself is not under test."""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import json
from pathlib import Path
from uuid import uuid4

from alive402.intake.sandbox import Judged, Kind, Progress
from alive402.liveness import Challenge
from alive402.providers import Judges, LocalProvider


class JudgedOnce:
    """Answers for a file that was judged before from `folder`, which all processes of a test run may share.

    The first time a file is judged by `judges`, in a real worker process; so is each one that cannot be judged, and
    each that has to answer a challenge.
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
            return Judged(**json.loads(kept.read_text()))
        judged = await self._judges.judge(path, progress, kind)
        # Another process may judge the same file at the same time.
        aside = kept.with_name(uuid4().hex)
        aside.write_text(json.dumps(dataclasses.asdict(judged)))
        aside.rename(kept)
        return judged

    async def warm_up(self) -> None:
        """Do nothing: a process starts with the first file that is not known."""

    async def close(self) -> None:
        await self._judges.close()


def judge_once(provider: LocalProvider, folder: Path) -> None:
    """Make `provider` keep its answers in `folder`. Its threshold must be the one of all that share the folder."""
    folder.mkdir(exist_ok=True)
    provider._judges = provider.trial.judges = JudgedOnce(provider._judges, folder)

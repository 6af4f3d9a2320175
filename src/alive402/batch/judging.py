"""Judges one row of a batch: fetches it, judges it in a confined process, returns the result or an error code."""

from __future__ import annotations

import asyncio
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from alive402.batch.columns import COLUMNS
from alive402.batch.rows import Row, file_system
from alive402.errors import CodedError
from alive402.intake import FetchLimits, check_url, fetch_file, local_advice
from alive402.intake.sandbox import Judged, Sandbox
from alive402.liveness import Challenge, UnsupportedVideo, VideoTooLarge, is_image

UNREADABLE = "file_unreadable"
TRIES = 3
"""Tries of a row whose failure may pass: a busy host, a killed process."""
CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Judging:
    """Judges rows in `sandbox`, concurrently if needed; `fetching` limits downloads."""

    sandbox: Sandbox
    fetching: FetchLimits
    engine: str
    reports: bool = False

    async def judge(self, row: Row) -> dict[str, Any]:
        """The result of one row, JSON-ready; raises nothing: `code` is the error of a row that cannot be judged."""
        began = perf_counter()
        answer: dict[str, Any] = {}
        for _ in range(TRIES):
            try:
                answer = self._result(await self._judged(row))
                break
            except CodedError as error:
                answer = {"code": error.code, "message": local_advice(error)}
                if error.status < 500:
                    break
            except OSError as error:
                answer = {"code": UNREADABLE, "message": f"It cannot be read: {error.strerror or error}."}
                break
        return {**_EMPTY, **answer, "location": row.location, "notes": row.notes, "engine": self.engine,
                "seconds": round(perf_counter() - began, 3)}  # fmt: skip

    async def _judged(self, row: Row) -> Judged:
        place = row.place
        if "://" not in place:
            return await self._file(Path(place), row.challenge)
        with tempfile.TemporaryDirectory(prefix="alive402-") as folder:
            path = Path(folder, "media")
            if place.startswith(("http://", "https://")):
                check_url(place, self.fetching)
                await fetch_file(place, path, self.fetching)
            else:
                await asyncio.to_thread(_copy, place, path, self.fetching.max_bytes)
            return await self._file(path, row.challenge)

    async def _file(self, path: Path, challenge: Challenge | None) -> Judged:
        if not await asyncio.to_thread(_is_picture, path):
            return await self.sandbox.judge(path, challenge=challenge)
        if challenge is not None:
            raise UnsupportedVideo("A picture cannot answer a challenge. Give a video.")
        return await self.sandbox.judge(path, kind="image")

    def _result(self, judged: Judged) -> dict[str, Any]:
        report, face = judged.liveness, judged.liveness["faces"][0]
        media = report.get("video") or report.get("image") or {}
        return {
            "verdict": report["verdict"],
            "live_confidence": report["live_confidence"],
            "threshold": report["threshold"],
            "attack_type": report["attack_type"],
            "reasons": [reason["code"] for reason in report["reasons"]],
            "freshness": (report.get("freshness") or {}).get("status"),
            "face_confidence": face["face_confidence"],
            "rect": face["rect"],
            "media_sha256": media.get("sha256"),
            **({"report": json.dumps(report)} if self.reports else {}),
        }


_EMPTY: dict[str, Any] = dict.fromkeys(COLUMNS) | {"reasons": []}


def _is_picture(path: Path) -> bool:
    # Opened here first, so that an unreadable file is reported as such and not as a failed analysis.
    with path.open("rb"):
        return is_image(path)


def _copy(uri: str, path: Path, most: int) -> None:
    """Copy an object of a bucket to this machine, at most `most` bytes of it."""
    store, place = file_system(uri)
    with store.open_input_stream(place) as stream, path.open("wb") as file:
        size = 0
        while chunk := stream.read(CHUNK_BYTES):
            size += len(chunk)
            if size > most:
                raise VideoTooLarge(f"The file has more than {most / 1e6:.0f} MB.", bytes=size)
            file.write(chunk)

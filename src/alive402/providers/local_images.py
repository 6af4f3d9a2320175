"""Local image provider: fetches or decodes each picture, judges it in a warm child process, then deletes it."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from alive402.intake import (
    AnalysisTimeout,
    FetchLimits,
    IntakeError,
    InvalidImageData,
    check_url,
    fetch_file,
    media_folder,
)
from alive402.intake.sandbox import Judged, Progress
from alive402.liveness import IMAGE_HEAD_BYTES, AnalysisError, ImageTooLarge, NoFace, VideoTooLarge, recognised_image
from alive402.providers.base import Answer
from alive402.providers.local import FETCHING_SHARE, LocalProvider
from alive402.stages import CallStage, stage

MAX_IMAGES_BYTES = 10_000_000
"""Largest size of one picture, and of all pictures in one request."""

Task = Mapping[str, str]
_NOBODY = "No face was found in any of the pictures. Send one in which a face is seen from the front."


@dataclass(frozen=True, slots=True)
class LocalImages:
    """Judges pictures in the processes and places of `machine`; all tasks of a call, or none.

    A picture without a face is a valid result if another picture has a face.
    """

    machine: LocalProvider
    fetching: FetchLimits

    @property
    def seconds(self) -> float:
        """Longest duration of `answer`; the pictures of a call share the time of one video."""
        return self.machine.waits + self.fetching.seconds + self.machine.judging.seconds

    def check(self, given: Mapping[str, Any]) -> None:
        """Refuse a request that `answer` would always refuse.

        Raises:
            InvalidUrl: a URL would never be fetched; `details["task"]` says which, from 0.
            InvalidImageData, UnsupportedImage: a picture in the request is not base64, or not a picture.
            ImageTooLarge: the pictures in the request have too many bytes together.
        """
        if sum(self.check_task(place, task) for place, task in enumerate(given["Tasks"])) > MAX_IMAGES_BYTES:
            raise ImageTooLarge(
                f"The pictures in the request have more than {MAX_IMAGES_BYTES // 10**6} MB together. Send URLs.",
                max_bytes=MAX_IMAGES_BYTES,
            )

    def check_task(self, place: int, task: Task) -> int:
        """Check one task; returns the number of bytes that it holds."""
        with _named(place):
            if "ImageURL" in task:
                # `answer` reports a deleted upload, because a repeated call finds its stored answer without the upload.
                uploads = self.machine.uploads
                if uploads is None or uploads.named_in(task["ImageURL"]) is None:
                    check_url(task["ImageURL"], self.fetching)
                return 0
            data = _unpacked(task)
            recognised_image(data[:IMAGE_HEAD_BYTES])
            return len(data)

    async def answer(self, given: Mapping[str, Any], progress: Progress | None = None) -> Answer:
        """Answer one request; the first failing task, in order, fails the call."""
        tell, tasks = progress or (lambda stage, share: None), given["Tasks"]
        with media_folder(self.machine.media) as folder:
            # Our own file names, so that decoders see no name of the caller's.
            files = [folder / str(place) for place in range(len(tasks))]
            lent: list[str] = []
            with self.machine.used_up(lent):
                async with self.machine.fetching_place():
                    tell("fetching", 0.0)
                    arrived = (self._arrive(*each, lent) for each in zip(range(len(tasks)), tasks, files, strict=True))
                    for failed in await asyncio.gather(*arrived, return_exceptions=True):
                        if failed is not None:
                            raise failed
                async with self.machine.judging_place():
                    judged = await self._judge_all(files, tell)
                digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in files]
                if all(one is None for one in judged):
                    raise NoFace(_NOBODY)
        return Answer([_element(*each) for each in zip(tasks, judged, strict=True)], _liveness(judged, digests))

    async def _arrive(self, place: int, task: Task, path: Path, lent: list[str]) -> None:
        """Put the picture of a task at `path`, and the id of its upload, if it is one, into `lent`."""
        with _named(place):
            if "ImageURL" in task:
                uploads = self.machine.uploads
                upload = await uploads.lend(task["ImageURL"], path) if uploads else None
                if upload is None:
                    with stage(CallStage.FETCH):
                        await fetch_file(task["ImageURL"], path, self.fetching)
                elif uploads is not None:
                    lent.append(upload)
                    if uploads.find(upload).size > MAX_IMAGES_BYTES:
                        raise VideoTooLarge(max_bytes=MAX_IMAGES_BYTES)
            else:
                await asyncio.to_thread(lambda: path.write_bytes(_unpacked(task)))
            with path.open("rb") as file:
                recognised_image(file.read(IMAGE_HEAD_BYTES))

    async def _judge_all(self, files: list[Path], tell: Progress) -> list[Judged | None]:
        """Judge the pictures one after another; None for a picture without a face."""
        found: list[Judged | None] = []
        try:
            async with asyncio.timeout(self.machine.judging.seconds):
                for place, path in enumerate(files):
                    tell("looking", FETCHING_SHARE + (1 - FETCHING_SHARE) * place / len(files))
                    with _named(place):
                        try:
                            found.append(await self.machine.judge(path, kind="image"))
                        except NoFace:
                            found.append(None)
        except TimeoutError:
            raise AnalysisTimeout(
                "Judging the pictures took too long and was stopped. Send fewer or smaller ones.",
                seconds=self.machine.judging.seconds,
            ) from None
        return found


@contextmanager
def _named(place: int) -> Iterator[None]:
    """Add the index of the task, from 0, to an error, and word it for pictures."""
    try:
        yield
    except VideoTooLarge:
        raise ImageTooLarge(max_bytes=MAX_IMAGES_BYTES, task=place) from None
    except (IntakeError, AnalysisError) as error:
        raise type(error)(_of_a_picture(error.message), **{**error.details, "task": place}) from error


def _of_a_picture(sentence: str) -> str:
    return sentence.replace("VideoUrl", "ImageURL").replace("video", "picture")


def _unpacked(task: Task) -> bytes:
    try:
        return base64.b64decode(task["ImageData"], validate=True)
    except (binascii.Error, ValueError):
        raise InvalidImageData from None


def _element(task: Task, judged: Judged | None) -> dict[str, Any]:
    """The element of one task, as Alibaba Cloud's DetectLivingFace returns it."""
    address = {"ImageURL": task["ImageURL"]} if "ImageURL" in task else {}
    found = judged.elements[0] if judged is not None else {"FaceNumber": 0, "Results": []}
    return {"TaskId": str(uuid4()), **address, **found}


def _liveness(judged: list[Judged | None], digests: list[str]) -> dict[str, Any]:
    """Our report; its verdict is that of the least live picture."""
    reports = [one.liveness for one in judged if one is not None]
    worst = min(reports, key=lambda report: float(report["live_confidence"]))
    said = ("verdict", "live_confidence", "threshold", "attack_type", "reasons", "engine")
    images = [
        _image(one.liveness) if one is not None else _faceless(digest)
        for one, digest in zip(judged, digests, strict=True)
    ]
    return {**{name: worst[name] for name in said}, "images": images}


def _image(report: dict[str, Any]) -> dict[str, Any]:
    said = ("verdict", "live_confidence", "attack_type", "reasons", "faces", "quality")
    return {**report["image"], **{name: report[name] for name in said}}


def _faceless(digest: str) -> dict[str, Any]:
    reason = {"code": NoFace.code, "message": "No face was found in this picture."}
    return {"sha256": digest, "verdict": None, "live_confidence": None, "reasons": [reason]}

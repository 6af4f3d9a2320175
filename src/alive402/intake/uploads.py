"""Uploads: videos and pictures that callers send, kept in one folder until they are judged or expire.

The folder is the whole state, so every process on the machine finds the uploads of every other:

    key            authenticates ids: an id that was made here is recognised after its file is deleted
    lock           held while uploads are counted and added
    process-*      locked for the life of that process; the uploads of a dead process are deleted
    <id>.json      payer, size and expiry; kept until then
    <id>.video     the bytes; deleted once they were judged
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import os
import re
import secrets
import stat
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from alive402.intake.errors import TooManyUploads, UploadEmpty, UploadGone, UploadsFull, UploadTooSlow
from alive402.intake.file_locks import held, is_free, link, locked, new_file, write
from alive402.intake.folders import reporting_full_disk
from alive402.liveness import VideoTooLarge
from alive402.upkeep import Upkeep

UPLOADS_PATH = "/api/uploads"
_ID = re.compile(r"[A-Za-z0-9_-]{43}")
_URL_PATH = re.compile(rf".*{UPLOADS_PATH}/({_ID.pattern})")
_HALF = 16
SWEEP_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """Limits of uploads.

    Attributes:
        max_bytes: largest size of one file.
        seconds: how long a file is kept for its call.
        receive_seconds: longest time to receive one file.
        least_rate: least bytes a second, measured after `patience` seconds; also the longest silence of a sender.
        per_payer: most files of one payer that wait at once, where a call does not take more.
        total_bytes: largest size of all waiting files together.
        most: most waiting files of all payers.
    """

    max_bytes: int = 30_000_000
    seconds: float = 600.0
    receive_seconds: float = 120.0
    least_rate: float = 8_192.0
    patience: float = 5.0
    per_payer: int = 3
    total_bytes: int = 1_000_000_000
    most: int = 1_000


@dataclass(frozen=True, slots=True)
class Upload:
    """An upload, or the record of one that was used. `payer` is a sha256.

    `expires_at`, and `received_at` when the last byte came, are in unix seconds. `size` is in bytes; while `sha256` is
    None the file is still being received, and `size` is its upper bound.
    """

    id: str
    size: int
    sha256: str | None
    expires_at: float
    payer: str
    process: str
    used: bool = False
    received_at: float = 0.0

    @property
    def well_typed(self) -> bool:
        """Whether each value has its type: a record may be damaged, or written by another release."""
        texts = (self.id, self.payer, self.process, self.sha256 or "")
        return (
            all(isinstance(text, str) for text in texts)
            and type(self.size) is int
            and all(type(moment) in (int, float) for moment in (self.expires_at, self.received_at))
            and type(self.used) is bool
        )


class Uploads:
    """The uploads in one folder. Open with `Uploads.open`, and use within `running`."""

    def __init__(self, folder: Path, limits: UploadLimits, public_url: str | None, key: bytes, process: str) -> None:
        self.limits = limits
        self._folder, self._key, self._process = folder, key, process
        self._public_url = public_url
        self._alive = held(folder / f"process-{process}")

    @classmethod
    def open(cls, folder: Path, limits: UploadLimits, public_url: str | None = None) -> Uploads:
        """The uploads in `folder`, which is made if missing and must belong to this user alone.

        `public_url` is the service's own URL: no address below it is ever fetched as an upload.

        Raises:
            OSError: the folder cannot be made, or another user can read it.
        """
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
            raise PermissionError(1, "it is not a directory of this user alone")
        with locked(folder):
            key = folder / "key"
            if not key.exists():
                write(key, secrets.token_bytes(32))
        return cls(folder, limits, public_url, key.read_bytes(), secrets.token_hex(8))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Sweep periodically; when the block ends, delete the uploads of this process."""
        sweeping = Upkeep("uploads", lambda: asyncio.to_thread(self.sweep), expected=OSError)
        try:
            async with sweeping.running(SWEEP_SECONDS):
                yield
        finally:
            await asyncio.to_thread(self.close)

    async def receive(
        self,
        chunks: AsyncIterator[bytes],
        payer: str,
        declared: int | None,
        upload_id: str | None = None,
        most: int = 1,
    ) -> Upload:
        """Receive one file of a payer, given as sha256; `declared` is the size that the request declares.

        A call takes up to `most` files: so many may wait, if together they are no larger than `per_payer` of the
        largest files.

        Raises:
            TooManyUploads, UploadsFull: a limit of waiting uploads is reached, or the disk is full.
            VideoTooLarge: the declared or the received size is over the limit.
            UploadTooSlow: the file came too slowly.
            UploadEmpty: the file is empty.
            FileExistsError: `upload_id` is in use already: waiting, used, or being received.
        """
        if declared is not None and declared > self.limits.max_bytes:
            raise VideoTooLarge(max_bytes=self.limits.max_bytes)
        size = self.limits.max_bytes if declared is None else declared
        with reporting_full_disk(UploadsFull):
            upload = await asyncio.to_thread(self._admit, payer, size, upload_id or self.new_id(), most)
            try:
                try:
                    async with asyncio.timeout(self.limits.receive_seconds):
                        size, sha256 = await self._save(chunks, self._video(upload.id))
                except TimeoutError:
                    raise UploadTooSlow(seconds=self.limits.receive_seconds) from None
                now = time.time()
                until = now + self.limits.seconds
                whole = replace(upload, size=size, sha256=sha256, expires_at=until, received_at=now)
                await asyncio.to_thread(self._note, whole)
            except BaseException:
                self._forget(upload.id)
                raise
            return whole

    def new_id(self) -> str:
        """An id for `receive` that can be given out before the file comes. It cannot be guessed."""
        half = secrets.token_bytes(_HALF)
        return base64.urlsafe_b64encode(half + self._seal(half)).decode().rstrip("=")

    def sign(self, text: bytes) -> bytes:
        """An HMAC with the folder's key: the same in every process that uses the folder."""
        return hmac.digest(self._key, b"signed here: " + text, "sha256")

    def find(self, upload_id: str) -> Upload:
        """The record of an upload.

        Raises:
            UploadGone: there is none, or it has expired.
        """
        upload = self._read(upload_id) if _ID.fullmatch(upload_id) else None
        if upload is None or upload.sha256 is None or upload.expires_at <= time.time():
            raise UploadGone
        return replace(upload, used=not self._video(upload_id).exists())

    def remove(self, upload_id: str) -> Upload:
        """Delete the file and its record; returns the record. Raises like `find`."""
        upload = self.find(upload_id)
        self._forget(upload_id)
        return upload

    def named_in(self, url: str) -> str | None:
        """The upload id in the path of `url`, if it has the form of one."""
        try:
            parsed = urlsplit(url)
        except ValueError:
            return None
        named = _URL_PATH.fullmatch(parsed.path)
        return named[1] if named and parsed.scheme in ("http", "https") else None

    async def lend(self, url: str, path: Path) -> str | None:
        """Link the upload that `url` names to `path` and return its id; None when `url` names no upload.

        Raises:
            UploadGone: it was an upload, and was deleted or has expired.
        """
        upload_id = self.named_in(url)
        if upload_id is None:
            return None
        try:
            self.find(upload_id)
            await asyncio.to_thread(link, self._video(upload_id), path)
        except (UploadGone, FileNotFoundError):
            below = self._public_url is not None and url.startswith(f"{self._public_url}/")
            if below or self._made_here(upload_id):
                raise UploadGone from None
            return None
        return upload_id

    def judged(self, upload_id: str) -> None:
        """Delete the file, which was judged or cannot be; its record stays until it expires."""
        self._video(upload_id).unlink(missing_ok=True)

    def sweep(self) -> None:
        """Delete expired uploads, and those of dead processes."""
        with locked(self._folder):
            dead = {path.name.removeprefix("process-") for path in self._folder.glob("process-*") if is_free(path)}
            now, known = time.time(), set()
            for upload in self._all():
                if upload.expires_at <= now or upload.process in dead:
                    self._forget(upload.id)
                else:
                    known.add(upload.id)
            for video in self._folder.glob("*.video"):
                if video.stem not in known:
                    video.unlink(missing_ok=True)
            for process in dead:
                (self._folder / f"process-{process}").unlink(missing_ok=True)

    def close(self) -> None:
        """Delete the uploads of this process and release its lock."""
        with locked(self._folder):
            for upload in self._all():
                if upload.process == self._process:
                    self._forget(upload.id)
        (self._folder / f"process-{self._process}").unlink(missing_ok=True)
        os.close(self._alive)

    def _admit(self, payer: str, size: int, upload_id: str, most: int) -> Upload:
        """Reserve room for `size` bytes; returns the reserved upload."""
        now = time.time()
        with locked(self._folder):
            if self._read(upload_id) is not None:
                raise FileExistsError
            waiting = [each for each in self._all() if each.expires_at > now and self._takes_room(each)]
            theirs = [each for each in waiting if each.payer == payer]
            small = sum(each.size for each in theirs) + size <= self.limits.per_payer * self.limits.max_bytes
            if len(theirs) >= (max(most, self.limits.per_payer) if small else self.limits.per_payer):
                soonest = min(each.expires_at for each in theirs)
                raise TooManyUploads(max(1, round(soonest - now)), len(theirs))
            if len(waiting) >= self.limits.most or sum(each.size for each in waiting) + size > self.limits.total_bytes:
                raise UploadsFull
            expires_at = now + self.limits.receive_seconds + 2 * self.limits.patience
            upload = Upload(upload_id, size, None, expires_at, payer, self._process)
            self._note(upload)
            return upload

    def _takes_room(self, upload: Upload) -> bool:
        return upload.sha256 is None or self._video(upload.id).exists()

    async def _save(self, chunks: AsyncIterator[bytes], path: Path) -> tuple[int, str]:
        size, digest, began = 0, hashlib.sha256(), time.monotonic()
        with new_file(path) as file:
            while True:
                async with asyncio.timeout(self.limits.patience):
                    chunk = await anext(chunks, None)
                if chunk is None:
                    break
                size += len(chunk)
                if size > self.limits.max_bytes:
                    raise VideoTooLarge(max_bytes=self.limits.max_bytes)
                elapsed = time.monotonic() - began
                if elapsed > self.limits.patience and size < self.limits.least_rate * elapsed:
                    raise UploadTooSlow(least_bytes_per_second=self.limits.least_rate)
                digest.update(chunk)
                file.write(chunk)
        if not size:
            raise UploadEmpty
        return size, digest.hexdigest()

    def _made_here(self, upload_id: str) -> bool:
        whole = base64.urlsafe_b64decode(upload_id + "=")
        return hmac.compare_digest(self._seal(whole[:_HALF]), whole[_HALF:])

    def _seal(self, half: bytes) -> bytes:
        return hmac.digest(self._key, half, "sha256")[:_HALF]

    def _video(self, upload_id: str) -> Path:
        return self._folder / f"{upload_id}.video"

    def _note(self, upload: Upload) -> None:
        path = self._folder / f"{upload.id}.json"
        write(path.with_suffix(".new"), json.dumps(asdict(upload)).encode())
        path.with_suffix(".new").replace(path)

    def _read(self, upload_id: str) -> Upload | None:
        try:
            upload = Upload(**json.loads((self._folder / f"{upload_id}.json").read_bytes()))
        except (OSError, ValueError, TypeError):
            return None
        return upload if upload.id == upload_id and upload.well_typed else None

    def _all(self) -> Iterator[Upload]:
        for path in list(self._folder.glob("*.json")):
            upload = self._read(path.stem)
            if upload is not None:
                yield upload

    def _forget(self, upload_id: str) -> None:
        for suffix in ("video", "json", "new"):
            (self._folder / f"{upload_id}.{suffix}").unlink(missing_ok=True)

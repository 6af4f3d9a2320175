"""Videos that callers hand over themselves, kept in one folder until they are judged or their time is over.

The folder is the whole state, so every process on the machine finds what any of them took in:

    key            makes ids: whatever bears one of ours was made here, also when the file is gone
    lock           held by whoever counts and adds
    process-*      held for as long as that process lives; what it left behind is nobody's
    <id>.json      whose it is, how large, until when; stays until then
    <id>.video     the bytes; gone once they were judged
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
from alive402.liveness.errors import VideoTooLarge
from alive402.upkeep import Upkeep

PATH = "/api/uploads"
_ID = re.compile(r"[A-Za-z0-9_-]{43}")
_URL_PATH = re.compile(rf".*{PATH}/({_ID.pattern})")
_HALF = 16
SWEEP_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """What waiting uploads may cost.

    Attributes:
        max_bytes: of one file.
        seconds: how long a file waits to be judged.
        receive_seconds: how long its bytes may take to come.
        least_rate: bytes a second, measured once `patience` seconds have passed; so long may a sender also be silent.
        per_payer: files of one payer that wait at once.
        total_bytes: of all of them together.
        most: files of all payers.
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
    """A file, or what is known of one that is used. `expires_at` is in unix seconds; `payer` is a sha256.

    `size` is in bytes; while `sha256` is None they are still coming, and `size` is the most that they may be.
    """

    id: str
    size: int
    sha256: str | None
    expires_at: float
    payer: str
    process: str
    used: bool = False

    @property
    def well_typed(self) -> bool:
        """Whether each value is of its type: a note may be damaged, or another release's."""
        texts = (self.id, self.payer, self.process, self.sha256 or "")
        return (
            all(isinstance(text, str) for text in texts)
            and type(self.size) is int
            and type(self.expires_at) in (int, float)
            and type(self.used) is bool
        )


class Uploads:
    """The files in one folder. Open it with `Uploads.open`, and let it run with `running`."""

    def __init__(self, folder: Path, limits: UploadLimits, public_url: str | None, key: bytes, process: str) -> None:
        self.limits = limits
        self._folder, self._key, self._process = folder, key, process
        self._public_url = public_url
        self._alive = held(folder / f"process-{process}")

    @classmethod
    def open(cls, folder: Path, limits: UploadLimits, public_url: str | None = None) -> Uploads:
        """The uploads in `folder`, which is made if need be and must be ours alone.

        `public_url` is where the service is seen: no address below it is ever fetched in search of an upload.

        Raises:
            OSError: it cannot be made, or another user can look into it.
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
        """Remove what is left over, now and again and again; when the block ends, what came to this process too."""
        sweeping = Upkeep("uploads", lambda: asyncio.to_thread(self.sweep), expected=OSError)
        try:
            async with sweeping.running(SWEEP_SECONDS):
                yield
        finally:
            await asyncio.to_thread(self.close)

    async def receive(
        self, chunks: AsyncIterator[bytes], payer: str, declared: int | None, upload_id: str | None = None
    ) -> Upload:
        """Take one file in. `declared` is how many bytes are said to come; `payer` whose file it is.

        Raises:
            TooManyUploads, UploadsFull: there is no place for it.
            VideoTooLarge: it is said to be, or is, over the cap.
            UploadTooSlow: it did not come in time.
            UploadEmpty: nothing came.
            FileExistsError: something came under `upload_id` already, and is waiting, used, or on its way.
        """
        if declared is not None and declared > self.limits.max_bytes:
            raise VideoTooLarge(max_bytes=self.limits.max_bytes)
        size = self.limits.max_bytes if declared is None else declared
        upload = await asyncio.to_thread(self._admit, payer, size, upload_id or self.new_id())
        try:
            try:
                async with asyncio.timeout(self.limits.receive_seconds):
                    size, sha256 = await self._save(chunks, self._video(upload.id))
            except TimeoutError:
                raise UploadTooSlow(seconds=self.limits.receive_seconds) from None
            expires_at = time.time() + self.limits.seconds
            whole = replace(upload, size=size, sha256=sha256, expires_at=expires_at)
            await asyncio.to_thread(self._note, whole)
        except BaseException:
            self._forget(upload.id)
            raise
        return whole

    def new_id(self) -> str:
        """An id for `receive`, to be told before the file comes. It cannot be guessed."""
        half = secrets.token_bytes(_HALF)
        return base64.urlsafe_b64encode(half + self._seal(half)).decode().rstrip("=")

    def sign(self, text: bytes) -> bytes:
        """An HMAC that every process of this folder makes alike, and nobody else."""
        return hmac.digest(self._key, b"signed here: " + text, "sha256")

    def find(self, upload_id: str) -> Upload:
        """What is known of an upload.

        Raises:
            UploadGone: nothing, or its time is over.
        """
        upload = self._read(upload_id) if _ID.fullmatch(upload_id) else None
        if upload is None or upload.sha256 is None or upload.expires_at <= time.time():
            raise UploadGone
        return replace(upload, used=not self._video(upload_id).exists())

    def remove(self, upload_id: str) -> Upload:
        """Delete the file and all that is known of it; what that was. Raises like `find`."""
        upload = self.find(upload_id)
        self._forget(upload_id)
        return upload

    def named_in(self, url: str) -> str | None:
        """The id of an upload that `url` may name, by its path alone."""
        try:
            parsed = urlsplit(url)
        except ValueError:
            return None
        named = _URL_PATH.fullmatch(parsed.path)
        return named[1] if named and parsed.scheme in ("http", "https") else None

    async def lend(self, url: str, path: Path) -> str | None:
        """Let the file that `url` names be seen as `path` too, and return its id; None when it is none of ours.

        Raises:
            UploadGone: it was ours, and is no more.
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
        """The file was judged, or cannot be: it is deleted; that it was used is known until its time is over."""
        self._video(upload_id).unlink(missing_ok=True)

    def sweep(self) -> None:
        """Delete what is over, and what dead processes left behind."""
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
        """Delete what came to this process, and count as dead."""
        with locked(self._folder):
            for upload in self._all():
                if upload.process == self._process:
                    self._forget(upload.id)
        (self._folder / f"process-{self._process}").unlink(missing_ok=True)
        os.close(self._alive)

    def _admit(self, payer: str, size: int, upload_id: str) -> Upload:
        """A place for `size` bytes, taken."""
        whose, now = hashlib.sha256(payer.encode()).hexdigest(), time.time()
        with locked(self._folder):
            if self._read(upload_id) is not None:
                raise FileExistsError
            waiting = [each for each in self._all() if each.expires_at > now and self._takes_room(each)]
            theirs = sorted(each.expires_at for each in waiting if each.payer == whose)
            if len(theirs) >= self.limits.per_payer:
                raise TooManyUploads(max(1, round(theirs[0] - now)), len(theirs))
            if len(waiting) >= self.limits.most or sum(each.size for each in waiting) + size > self.limits.total_bytes:
                raise UploadsFull
            expires_at = now + self.limits.receive_seconds + 2 * self.limits.patience
            upload = Upload(upload_id, size, None, expires_at, whose, self._process)
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

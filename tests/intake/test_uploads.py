"""Tests of the upload folder: receiving, refusals, clean-up, and sharing between processes."""

from __future__ import annotations

import asyncio
import hashlib
import json
import stat
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alive402.intake import uploads as uploads_module
from alive402.intake.errors import TooManyUploads, UploadEmpty, UploadGone, UploadsFull, UploadTooSlow
from alive402.intake.uploads import UPLOADS_PATH, Upload, UploadLimits, Uploads
from alive402.liveness import VideoTooLarge

pytestmark = pytest.mark.anyio
LIMITS = UploadLimits(max_bytes=1_000, total_bytes=2_500)


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def silence() -> AsyncIterator[bytes]:
    yield b"begun"
    await asyncio.Event().wait()


async def put(
    uploads: Uploads, payer: str = "a", content: bytes = b"x" * 10, declared: int | None = None, most: int = 1
) -> Upload:
    return await uploads.receive(chunks(content), payer, declared, most=most)


def url_of(upload: Upload) -> str:
    return f"https://example.com{UPLOADS_PATH}/{upload.id}"


def videos(folder: Path) -> list[Path]:
    return list(folder.glob("*.video"))


def names(folder: Path, pattern: str) -> list[str]:
    return sorted(path.name for path in folder.glob(pattern))


async def until(so: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not so():  # noqa: ASYNC110  another thread's doing
            await asyncio.sleep(0.01)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "uploads"


@settings(deadline=None)
@given(parts=st.lists(st.binary(min_size=1, max_size=400), max_size=5))
def test_received_bytes_are_stored(parts: list[bytes], tmp_path_factory: pytest.TempPathFactory) -> None:
    whole, folder = b"".join(parts), tmp_path_factory.mktemp("uploads") / "ours"
    uploads = Uploads.open(folder, LIMITS)
    if 0 < len(whole) <= LIMITS.max_bytes:
        upload = asyncio.run(uploads.receive(chunks(*parts), "a", None))
        assert (upload.size, upload.sha256) == (len(whole), hashlib.sha256(whole).hexdigest())
        assert [path.read_bytes() for path in videos(folder)] == [whole]
    else:
        with pytest.raises(VideoTooLarge if whole else UploadEmpty):
            asyncio.run(uploads.receive(chunks(*parts), "a", None))
        assert not videos(folder)
        assert not list(folder.glob("*.json"))
    uploads.close()


def test_folder_is_private_to_its_user(folder: Path) -> None:
    uploads = Uploads.open(folder, LIMITS)
    asyncio.run(put(uploads))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    folder.chmod(0o755)
    with pytest.raises(PermissionError):
        Uploads.open(folder, LIMITS)


async def test_upload_declared_too_large_is_not_read(folder: Path) -> None:
    with pytest.raises(VideoTooLarge):
        await Uploads.open(folder, LIMITS).receive(silence(), "a", 1_001)
    assert not videos(folder)


async def test_upload_on_a_full_disk_leaves_nothing(folder: Path) -> None:
    uploads = Uploads.open(folder, UploadLimits(max_bytes=1_000))
    name = uploads.new_id()
    (folder / f"{name}.video").symlink_to("/dev/full")
    with pytest.raises(UploadsFull):
        await uploads.receive(chunks(b"bytes"), "a", None, name)
    assert names(folder, f"{name}*") == []


async def test_uploads_are_limited_per_payer_and_in_all(folder: Path) -> None:
    uploads = Uploads.open(folder, UploadLimits(max_bytes=1_000, total_bytes=2_050))
    first = [await put(uploads, "a", declared=10) for _ in range(3)]
    with pytest.raises(TooManyUploads) as refused:
        await put(uploads, "a", declared=10)
    assert 0 < (refused.value.retry_after or 0) <= 600
    # Whoever says nothing is given room for the largest.
    waiting = asyncio.create_task(uploads.receive(silence(), "b", None))
    await until(lambda: len(names(folder, "*.json")) == 4)
    await put(uploads, "c", b"y" * 990, declared=990)
    with pytest.raises(UploadsFull):
        await put(uploads, "f", declared=31)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await put(uploads, "f", declared=31)
    uploads.judged(first[0].id)
    await put(uploads, "a", declared=10)


async def test_files_of_one_call_may_wait_if_they_are_small(folder: Path) -> None:
    uploads = Uploads.open(folder, UploadLimits(max_bytes=1_000))
    for _ in range(5):
        await put(uploads, "a", b"x" * 500, declared=500, most=10)
    # Together no larger than three of the largest: six of 500 bytes.
    await put(uploads, "a", b"x" * 500, declared=500, most=10)
    with pytest.raises(TooManyUploads):
        await put(uploads, "a", declared=500, most=10)
    for _ in range(10):
        await put(uploads, "b", declared=1, most=10)
    with pytest.raises(TooManyUploads):
        await put(uploads, "b", declared=1, most=10)


@pytest.mark.parametrize("limits", [UploadLimits(patience=0.01), UploadLimits(receive_seconds=0.01)])
async def test_silent_sender_is_cut_off(folder: Path, limits: UploadLimits) -> None:
    with pytest.raises(UploadTooSlow):
        await Uploads.open(folder, limits).receive(silence(), "a", None)
    assert not videos(folder)


async def test_slow_sender_is_cut_off(folder: Path) -> None:
    uploads = Uploads.open(folder, UploadLimits(least_rate=1e12, patience=0.0001))

    async def trickle() -> AsyncIterator[bytes]:
        while True:
            yield b"x"

    with pytest.raises(UploadTooSlow) as refused:
        await uploads.receive(trickle(), "a", None)
    assert refused.value.details == {"least_bytes_per_second": 1e12}
    assert not videos(folder)


async def test_upload_is_lent_until_judged(folder: Path, tmp_path: Path) -> None:
    uploads = Uploads.open(folder, LIMITS)
    upload = await put(uploads, content=b"a video")
    assert await uploads.lend(url_of(upload), tmp_path / "video") == upload.id
    uploads.judged(upload.id)
    assert (tmp_path / "video").read_bytes() == b"a video"
    assert uploads.find(upload.id).used
    with pytest.raises(UploadGone):
        await uploads.lend(url_of(upload), tmp_path / "again")


async def test_foreign_urls_are_not_uploads(folder: Path, tmp_path: Path) -> None:
    uploads = Uploads.open(folder, LIMITS, "https://ours.example")
    unknown = "A" * 43
    for url in (
        f"https://else.example{UPLOADS_PATH}/{unknown}",
        "https://ours.example/video.mp4",
        "https://[",
        f"ftp://x{UPLOADS_PATH}",
    ):
        assert await uploads.lend(url, tmp_path / "video") is None
    with pytest.raises(UploadGone):
        await uploads.lend(f"https://ours.example{UPLOADS_PATH}/{unknown}", tmp_path / "video")
    for upload_id in (unknown, "", "..", "../key", "key"):
        with pytest.raises(UploadGone):
            uploads.find(upload_id)


async def test_deleted_upload_is_recognised_by_its_id(folder: Path, tmp_path: Path) -> None:
    uploads = Uploads.open(folder, LIMITS)
    upload = await put(uploads)
    uploads.remove(upload.id)
    uploads.close()
    with pytest.raises(UploadGone):
        await Uploads.open(folder, LIMITS).lend(url_of(upload), tmp_path / "video")


async def test_expired_uploads_are_swept(folder: Path) -> None:
    uploads = Uploads.open(folder, UploadLimits(seconds=-1))
    upload = await put(uploads)
    with pytest.raises(UploadGone):
        uploads.find(upload.id)
    uploads.sweep()
    assert not videos(folder)


async def test_processes_share_uploads_and_dead_ones_leave_none(folder: Path, tmp_path: Path) -> None:
    taking = (
        "import asyncio, json, sys; from pathlib import Path; from tests.intake.test_uploads import LIMITS, put\n"
        "from alive402.intake.uploads import Uploads\n"
        "print(asyncio.run(put(Uploads.open(Path(sys.argv[1]), LIMITS))).id, flush=True); sys.stdin.read()"
    )
    ours = Uploads.open(folder, LIMITS)
    other = subprocess.Popen(  # noqa: ASYNC220
        [sys.executable, "-c", taking, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert other.stdout is not None
    upload_id = other.stdout.readline().strip()
    ours.sweep()
    assert await ours.lend(f"http://any{UPLOADS_PATH}/{upload_id}", tmp_path / "video") == upload_id
    other.kill()
    other.wait()
    async with ours.running():
        await until(lambda: not videos(folder))
        await put(ours)
    assert not videos(folder)
    assert names(folder, "*") == ["key", "lock"]


async def test_damaged_record_is_ignored(folder: Path) -> None:
    uploads = Uploads.open(folder, LIMITS)
    upload = await put(uploads)
    (folder / f"{upload.id}.json").write_text(json.dumps({"id": upload.id}))
    with pytest.raises(UploadGone):
        uploads.find(upload.id)
    uploads.sweep()
    assert not videos(folder)


@pytest.mark.parametrize("damage", [{"expires_at": None}, {"payer": 1}, {"size": "10"}, {"used": 1}, {"id": ["a"]}])
async def test_record_with_wrong_types_is_ignored(folder: Path, damage: dict[str, object]) -> None:
    uploads = Uploads.open(folder, LIMITS)
    upload = await put(uploads)
    note = folder / f"{upload.id}.json"
    note.write_text(json.dumps({**json.loads(note.read_text()), **damage}))
    with pytest.raises(UploadGone):
        uploads.find(upload.id)
    uploads.sweep()
    assert not videos(folder)
    await put(uploads)


async def test_sweeping_continues_after_any_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uploads, errors, swept = Uploads.open(folder, LIMITS), [RuntimeError("once"), OSError("twice")], threading.Event()

    def sweep() -> None:
        if errors:
            raise errors.pop(0)
        swept.set()

    monkeypatch.setattr(uploads, "sweep", sweep)
    monkeypatch.setattr(uploads_module, "SWEEP_SECONDS", 0.01)
    async with uploads.running():
        await until(swept.is_set)

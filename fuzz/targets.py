"""Fuzz targets, one function per parser: any bytes may come, and only the documented errors may be raised."""

from __future__ import annotations

import contextlib
import json
import tempfile
from base64 import b64encode
from collections.abc import Callable, Iterable
from functools import cache
from ipaddress import ip_address
from pathlib import Path

import av
import numpy as np
from tests.intake import hostile_files, hostile_images, hostile_urls
from tests.intake.test_addresses import PUBLIC, TRAPS

from alive402.demo import prepare_clips
from alive402.errors import CodedError
from alive402.intake import UPLOADS_PATH, UploadLimits, Uploads, container_of, fetch
from alive402.intake.addresses import is_link_local, is_public
from alive402.intake.sandbox import pool as sandbox
from alive402.intake.sandbox import worker_process
from alive402.liveness import Limits, VideoFile, model_files
from alive402.liveness.media import images
from alive402.payments.x402 import signed_payment as signed
from fuzz import doors

FOUND = Path(__file__).with_name("found")
LIMITS = fetch.FetchLimits()
FEW_FRAMES = Limits(max_frames=40)
LONGEST_SEED = 20_000
FEW_PIXELS = images.ImageLimits(max_pixels=1_000_000)


def url(data: bytes) -> None:
    """Parse a caller's URL, and the same text as a redirect's location and as an upload's name."""
    text = data.decode("utf-8", "replace")
    if named := _uploads().named_in(text):
        with contextlib.suppress(CodedError):
            _uploads().find(named)
    for parse in (lambda: text, lambda: fetch._following("http://public.example/a", text)):
        with contextlib.suppress(CodedError):
            parsed = fetch.check_url(parse(), LIMITS)
            wire = fetch.wire_url(parsed)
            assert parsed.scheme in {"http", "https"}
            assert not parsed.userinfo
            assert (wire.port or {"http": 80, "https": 443}[parsed.scheme]) in LIMITS.ports
            assert not set(wire.target + wire.host) & set(b"\r\n\0 ")


def address(data: bytes) -> None:
    """Check an address as a resolver returns it."""
    text = data.decode("utf-8", "replace")
    with contextlib.suppress(ValueError):
        public, link = is_public(text), is_link_local(text)
        parsed = ip_address(text.split("%", 1)[0])
        assert not (public and (link or parsed.is_loopback or parsed.is_multicast or parsed.is_unspecified))


def first_bytes(data: bytes) -> None:
    """Recognise the first bytes of a file as a video or a picture."""
    images.is_image(_file(data))
    with contextlib.suppress(CodedError):
        container_of(_file(data))


def video(data: bytes) -> None:
    """Decode a whole file in this process; an input that kills the decoder kills the process and is found."""
    with contextlib.suppress(CodedError), VideoFile(_file(data), FEW_FRAMES) as file:
        times = [frame.time for frame in file]
        assert times == sorted(set(times))


def image(data: bytes) -> None:
    """Decode a whole picture likewise; it must not be larger than its header says."""
    with contextlib.suppress(CodedError):
        pixels = images.read(_file(data), FEW_PIXELS).pixels
        assert min(pixels.shape[:2]) >= FEW_PIXELS.min_side
        assert pixels.size <= 3 * FEW_PIXELS.max_pixels


def worker(data: bytes) -> None:
    """Parse a line from the worker process, as if a video had taken it over."""
    with contextlib.suppress(ValueError, RecursionError):
        line = json.loads(data)
        if isinstance(line, list):
            worker_process._pass_on(line, _progress)
        elif isinstance(line, dict):
            with contextlib.suppress(CodedError, worker_process.WorkerDied):
                judged = sandbox.understood(line)
                assert isinstance(judged, sandbox.Judged)


def payment(data: bytes) -> None:
    """Parse a payment header."""
    with contextlib.suppress(CodedError):
        payload = signed.decode(data.decode("latin-1"))
        if isinstance(payload, signed.PaymentPayload):
            signed.identifier_of(payload)
            signed.money_of(payload)


TARGETS: dict[str, Callable[[bytes], None]] = {
    "url": url,
    "address": address,
    "first_bytes": first_bytes,
    "video": video,
    "image": image,
    "worker": worker,
    "payment": payment,
    **doors.TARGETS,
}


def seeds(name: str) -> Iterable[bytes]:
    """The inputs from which mutation starts: tables of the tests, and earlier findings."""
    yield from (path.read_bytes() for path in sorted((FOUND / name).glob("*")))
    match name:
        case "url":
            yield from (each.encode("utf-8", "replace") for each, _ in hostile_urls.TABLE)
            yield from (where.encode("latin-1") for where in hostile_urls.REDIRECTS.values())
            yield f"https://example.com{UPLOADS_PATH}/{_uploads().new_id()}".encode()
        case "address":
            yield from (each.encode() for each in (*TRAPS, *PUBLIC))
        case "first_bytes" | "video":
            yield from _films()
        case "worker":
            error = {"code": "no_face", "message": "No face.", "details": {"frames": 3}}
            for line in (
                {"job": 1, "peak_bytes": 1, "error": error},
                {"liveness": {}, "elements": []},
                ["looking", 0.5],
            ):
                yield json.dumps(line).encode()
        case "payment":
            yield from _payments()
        case "image":
            yield from _pictures()
        case _:
            yield from doors.seeds(name)


def _payments() -> Iterable[bytes]:
    authorization = {
        "from": "0x" + "1" * 40,
        "to": "0x" + "2" * 40,
        "value": "200000",
        "validAfter": "0",
        "validBefore": "9999999999",
        "nonce": "0x" + "3" * 64,
    }
    exact = {"signature": "0x" + "4" * 130, "authorization": authorization}
    terms = {
        "scheme": "exact",
        "network": "eip155:84532",
        "asset": "0x" + "5" * 40,
        "amount": "200000",
        "payTo": "0x" + "2" * 40,
        "maxTimeoutSeconds": 60,
        "extra": {"name": "USDC", "version": "2"},
    }
    identifier = {"payment-identifier": {"info": {"id": "a" * 32}}}
    second = {"x402Version": 2, "payload": exact, "accepted": terms, "extensions": identifier}
    first = {"x402Version": 1, "scheme": "exact", "network": "base-sepolia", "payload": exact}
    yield from (b64encode(json.dumps(each).encode()) for each in (second, first))


@cache
def _films() -> tuple[bytes, ...]:
    person = prepare_clips(model_files.cache_folder().parent / "demo").bona_fide
    made = hostile_files.seeds(person)
    return made.mp4, made.mkv, made.avi, made.flv, made.ts


@cache
def _pictures() -> tuple[bytes, ...]:
    """The pictures of the table that are useful for mutation."""
    person = prepare_clips(model_files.cache_folder().parent / "demo").bona_fide
    with av.open(str(person)) as file:
        frame = np.asarray(next(file.decode(video=0)).to_ndarray(format="bgr24"), np.uint8)
    faces = hostile_images.faces(frame[:96, 40:136], b"")
    made = (make(faces) for make, code in hostile_images.FILES.values() if code != hostile_images.NONE)
    return tuple(each for each in made if len(each) <= LONGEST_SEED)


@cache
def _uploads() -> Uploads:
    return Uploads.open(Path(_folder().name, "uploads"), UploadLimits())


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory()


def _file(data: bytes) -> Path:
    path = Path(_folder().name, "file")
    path.write_bytes(data)
    return path


def _progress(stage: str, share: float) -> None:
    assert stage in {"looking", "judging", "done"}
    assert 0 <= share <= 1

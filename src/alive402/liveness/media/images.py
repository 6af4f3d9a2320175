"""Decodes an untrusted picture to upright pixels: checks its format and size before decoding."""

from __future__ import annotations

import hashlib
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np
import numpy.typing as npt

from alive402.liveness.errors import ImageTooLarge, UndecodableImage, UnsupportedImage
from alive402.liveness.media import heif
from alive402.liveness.media.heif import decoder
from alive402.liveness.media.image_headers import IMAGE_HEAD_BYTES, MOVES, Header, format_of, header_of

Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class ImageLimits:
    """Limits on a picture, checked before it is decoded.

    Attributes:
        max_bytes: of the file.
        max_pixels: of three colours each; of more colours, fewer.
        max_passes: of a JPEG, and slices of HEVC; each is as much work as the whole picture.
        max_tile_waste: px decoded of a grid's tiles, to `max_pixels`; its canvas cuts some off.
        max_deep_share: of `max_pixels`, in HEIC or AVIF of 4:4:4 colour and more than 8 bits.
        min_side: px.
        max_ratio: of the long side to the short one.
    """

    max_bytes: int = 10_000_000
    max_pixels: int = 25_000_000
    max_passes: int = 64
    max_tile_waste: float = 1.5
    max_deep_share: float = 0.6
    min_side: int = 64
    max_ratio: int = 30


@dataclass(frozen=True, slots=True)
class Picture:
    """A decoded picture.

    Attributes:
        pixels: (height, width, 3) uint8 BGR, turned upright by its EXIF orientation; in HEIF by its `irot` and `imir`.
        sha256: of the file.
        format: `jpeg`, `png`, `webp`, `bmp`, `heic` (HEVC) or `avif`.
    """

    pixels: Pixels
    sha256: str
    format: str


def is_image(path: str | Path) -> bool:
    """Whether the file begins as one of the judged picture formats; False for a file that cannot be read."""
    path = Path(path)
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return False
        with path.open("rb") as file:
            return format_of(file.read(IMAGE_HEAD_BYTES)) is not None
    except OSError:
        return False


def recognised_image(head: bytes) -> str:
    """The format of a picture by its first `IMAGE_HEAD_BYTES`, as `format_of` names it.

    Raises:
        UnsupportedImage: it is no picture, or it moves.
    """
    kind = format_of(head)
    if kind is None:
        raise UnsupportedImage(MOVES if heif.is_sequence(head) else None)
    return kind


def read(path: Path, limits: ImageLimits = ImageLimits()) -> Picture:
    """Read and decode a picture file.

    Raises:
        UnsupportedImage: not JPEG, PNG, WebP, BMP, HEIC or AVIF, or it moves.
        ImageTooLarge: over `limits`; nothing was decoded.
        UndecodableImage: too small, too narrow, or its pixels cannot be read.
        OSError: the file cannot be opened.
    """
    if not stat.S_ISREG(path.stat().st_mode):  # Reading a pipe could block for ever, and a device never ends.
        raise UnsupportedImage("This is not a file. Give a picture file.")
    with path.open("rb") as file:
        data = _all(file, limits)
    kind = recognised_image(data[:IMAGE_HEAD_BYTES])
    digest = hashlib.sha256(data).hexdigest()
    if kind == "heif":
        pixels, kind = _heif(data, limits)
        return Picture(pixels, digest, kind)
    header = header_of(kind, data)
    _weigh(header, limits)
    _check_shape(header.width, header.height, limits)
    return Picture(_decoded(header), digest, kind)


def _heif(data: bytes, limits: ImageLimits) -> tuple[Pixels, str]:
    layout, passes = decoder.weighed(heif.layout_of(data))
    _weigh(Header(layout.width, layout.height, b"", passes=passes), limits)
    if layout.coded_pixels > limits.max_tile_waste * limits.max_pixels:
        raise ImageTooLarge(
            f"The picture is made of tiles of {layout.coded_pixels / 1e6:.0f} million pixels; it shows fewer. "
            "Save it again.",
            coded_pixels=layout.coded_pixels,
        )
    if layout.is_deep and layout.width * layout.height > limits.max_deep_share * limits.max_pixels:
        raise ImageTooLarge(
            f"The picture has {layout.width} x {layout.height} pixels of full colour and more than 8 bits; at most "
            f"{limits.max_deep_share * limits.max_pixels / 1e6:.2g} million of these are accepted.",
            width=layout.width,
            height=layout.height,
        )
    _check_shape(*layout.shown, limits)
    return decoder.decoded(layout), {"hevc": "heic", "av1": "avif"}[layout.tiles[0].codec]


def _weigh(header: Header, limits: ImageLimits) -> None:
    width, height = header.width, header.height
    size = {"width": width, "height": height}
    if width * height * max(header.colours, 3) > 3 * limits.max_pixels:
        more = f" of {header.colours} colours" if header.colours > 3 else ""
        raise ImageTooLarge(
            f"The picture has {width} x {height} pixels{more}; at most {limits.max_pixels / 1e6:.0f} million are "
            f"accepted{', of three colours' if more else ''}.",
            **size,
        )
    if header.passes > limits.max_passes:
        raise ImageTooLarge(
            f"The picture is stored in {header.passes} passes; at most {limits.max_passes} are taken. Save it again.",
            passes=header.passes,
        )


def _check_shape(width: int, height: int, limits: ImageLimits) -> None:
    size = {"width": width, "height": height}
    if min(width, height) < limits.min_side:
        raise UndecodableImage(
            f"The picture has {width} x {height} pixels; at least {limits.min_side} a side are needed.", **size
        )
    if max(width, height) > limits.max_ratio * min(width, height):
        raise UndecodableImage(
            f"The picture has {width} x {height} pixels; a side may be {limits.max_ratio} times the other.", **size
        )


def _all(file: BinaryIO, limits: ImageLimits) -> bytes:
    data = file.read(limits.max_bytes + 1)
    if len(data) > limits.max_bytes:
        raise ImageTooLarge(
            f"The picture has more than {limits.max_bytes / 1e6:.0f} MB. Send a smaller one.",
            max_bytes=limits.max_bytes,
        )
    return data


def _decoded(header: Header) -> Pixels:
    try:
        found = cv2.imdecode(np.frombuffer(header.data, np.uint8), cv2.IMREAD_COLOR)
    except (cv2.error, MemoryError):
        raise UndecodableImage from None
    # A decoder that reports another size than the header was given data that we did not check.
    if found is None or found.ndim != 3 or set(found.shape[:2]) != {header.width, header.height}:
        raise UndecodableImage
    return np.asarray(found, np.uint8)

"""Table of hostile HEIC and AVIF files, each with its expected code: part of the table of pictures."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from tests.conftest import Image
from tests.intake.heif_files import Item, box, clap, coded, encoded, grid, heif, imir, irot, ispe, whole, with_length
from tests.intake.hostile_files import FACELESS, JUDGED, noise

if TYPE_CHECKING:
    from tests.intake.hostile_images import Faces

NONE, BROKEN, LARGE = "unsupported_image", "undecodable_image", "image_too_large"
MOST = 5000
"""Pixels a side of the largest square that is taken."""


def grey(width: int = 128, height: int = 128) -> Image:
    """Grey pixels."""
    return np.full((height, width, 3), 90, np.uint8)


def still(*more: bytes, codec: str = "hevc", width: int = 128, height: int = 128, essential: bool = False,
          **told: object) -> Item:  # fmt: skip
    """A grey HEVC or AV1 picture; `told` replaces the true size."""
    return replace(coded(grey(width, height), codec, *more, **told), essential=essential)


def derived(kind: bytes, *sources: int, data: bytes = b"\0\0\0\0\0\x80\0\x80") -> Item:
    """An item that is derived from others."""
    return Item(kind, data, (ispe(128, 128),), sources=sources, inside=True)


def heic(data: bytes) -> bytes:
    """A grey HEIC with this bitstream."""
    return heif(still(data=data))


def plain_configuration() -> bytes:
    """The configuration of a 4:4:4 picture of ten bits, which claims 4:2:0 and eight."""
    configuration = bytearray(encoded(grey(MOST, MOST).tobytes(), MOST, MOST, "hevc", "yuv444p10le")[0])
    configuration[16:19] = 0xFD, 0xF8, 0xF8
    return bytes(configuration)


def units(count: int, kind: int | None = None, first: bool = False) -> bytes:
    """The one slice of a grey picture, repeated as later slices, unless told otherwise."""
    slice_ = coded(grey()).data[4:]
    more = bytes([slice_[0] if kind is None else kind << 1, slice_[1], slice_[2] & 0x7F | first << 7]) + slice_[3:]
    return with_length(slice_) + with_length(more) * count


def frames(count: int) -> bytes:
    """A grey AVIF with its frame repeated."""
    data = coded(grey(), "av1").data
    return heif(still(codec="av1", data=data + data[2:] * (count - 1)), brand=b"avif")


def moved(item: Item, *extents: tuple[int, int], reference: int = 0) -> bytes:
    """A file with its item at these positions."""
    return heif(replace(item, extents=extents, reference=reference))


FILES: dict[str, tuple[Callable[[Faces], bytes], str]] = {
    # HEIC and AVIF: the container.
    "avif of another writer": (lambda f: bytes(cv2.imencode(".avif", grey())[1]), FACELESS),
    "heic, head alone": (lambda f: b"\0\0\0\x18ftypheic\0\0\0\0heicmif1" + bytes(1000), BROKEN),
    "heic of 2**62 pixels": (lambda f: heif(still(size=(2**31 - 1, 2**31 - 1))), LARGE),
    "heic of 2**64 pixels, turned": (lambda f: heif(still(irot(1), imir(0), size=(2**32 - 1, 2**32 - 1))), LARGE),
    "heic of a hundred million pixels": (lambda f: heif(still(width=64, size=(10_000, 10_000))), LARGE),
    "heic cropped from a hundred million": (lambda f: heif(still(clap(128, 128), size=(10_000, 10_000))), LARGE),
    "heic without width": (lambda f: heif(still(size=(0, 128))), BROKEN),
    "heic larger than it says": (lambda f: heif(still(width=2048, height=2048, size=(128, 128))), BROKEN),
    "heic smaller than it says": (lambda f: heif(still(size=(MOST, MOST))), BROKEN),
    "avif larger than it says": (lambda f: heif(still(codec="av1", width=2048, size=(128, 128))), BROKEN),
    "avif smaller than it says": (lambda f: heif(still(codec="av1", size=(MOST, MOST))), BROKEN),
    "heic, large": (lambda f: heif(still(width=MOST, height=MOST)), FACELESS),
    "heic of full colour, ten bits": (lambda f: whole(grey(3800, 3800), pix_fmt="yuv444p10le"), FACELESS),
    "heic of full colour, ten bits, large": (lambda f: whole(grey(3900, 3900), pix_fmt="yuv444p10le"), LARGE),
    "heic of full colour that it does not tell": (lambda f: whole(
        grey(MOST, MOST), pix_fmt="yuv444p10le", configuration=plain_configuration()), BROKEN),
    "heic of half colour, ten bits": (lambda f: whole(grey(MOST, MOST), pix_fmt="yuv422p10le"), FACELESS),
    "avif, large, ten bits": (lambda f: whole(grey(MOST, MOST), "av1", pix_fmt="yuv420p10le"), FACELESS),
    "heic, cut": (lambda f: f.heic[: len(f.heic) // 2], BROKEN),
    "heic, cut by a byte": (lambda f: f.heic[:-1], BROKEN),
    "avif, cut": (lambda f: f.avif[: len(f.avif) // 2], BROKEN),
    "heic without a primary": (lambda f: heif(still(), primary=None), BROKEN),
    "heic whose primary is not there": (lambda f: heif(still(), primary=7), BROKEN),
    "heic, foreign: its primary is exif": (lambda f: heif(Item(b"Exif", bytes(99)), still()), NONE),
    "heic, foreign: jpeg": (lambda f: heif(Item(b"jpeg", f.jpeg, (ispe(176, 144),))), NONE),
    "heic, foreign: h264": (lambda f: heif(Item(b"avc1", bytes(99), (ispe(128, 128),)), brand=b"avci"), NONE),
    "heic, foreign: an overlay": (lambda f: heif(derived(b"iovl", 2), still()), NONE),
    "heic, foreign: essential and unknown": (lambda f: heif(still(box(b"what"), essential=True)), NONE),
    "heic with what is not known": (lambda f: heif(still(box(b"what"))), FACELESS),
    "heic of no picture": (lambda f: heif(still(), handler=b"vide"), BROKEN),
    "heic with a property that is not there": (lambda f: heif(still()).replace(b"ispe", b"free", 1), BROKEN),
    "heic without configuration": (lambda f: heif(Item(b"hvc1", b"", (ispe(128, 128),))), BROKEN),
    "heic with an empty configuration": (lambda f: heif(Item(b"hvc1", bytes(99), (ispe(128, 128), box(b"hvcC")))),
                                         BROKEN),
    "heic with a configuration of zeros": (lambda f: heif(Item(b"hvc1", units(0), (
        ispe(128, 128), box(b"hvcC", bytes(99))))), BROKEN),
    "heic in another file": (lambda f: moved(still(), (400, 40), reference=1), BROKEN),
    "heic behind its end": (lambda f: moved(still(), (0, 2**31)), BROKEN),
    "heic at the end of numbers": (lambda f: moved(still(), (2**32 - 1, 2**32 - 1)), BROKEN),
    "heic of the same bytes ten thousand times": (lambda f: moved(still(), *[(0, 700)] * 10_000), BROKEN),
    "heic of sixty thousand pieces": (lambda f: moved(still(), *[(0, 1)] * 60_000), BROKEN),
    "heic of no bytes": (lambda f: heif(still(data=b"")), BROKEN),
    "heic with a million boxes": (lambda f: heif(still(), before=box(b"free") * 1_000_000), BROKEN),
    "heic with a box of 2**63 bytes": (lambda f: heif(still(), before=b"\0\0\0\1free\x7f" + b"\xff" * 7), BROKEN),
    "heic with a box of no size": (lambda f: heif(still(), before=b"\0\0\0\7free"), BROKEN),
    "heic with a box of 2**64 bytes": (lambda f: heif(still(), before=b"\0\0\0\1free" + b"\xff" * 8), BROKEN),
    "heic with boxes in boxes": (lambda f: heif(still(), before=b"".join(
        struct.pack(">I4s", 8 * number, b"moov") for number in range(2_000, 0, -1))), FACELESS),
    "heic with a thousand turns": (lambda f: heif(still(*[irot(1)] * 250)), FACELESS),
    "heic with endless properties": (lambda f: heif(*[still(*[irot(1)] * 250)] * 90), BROKEN),
    "heic cropped to nothing": (lambda f: heif(still(clap(0, 0))), BROKEN),
    "heic cropped to a pixel": (lambda f: heif(still(clap(1, 1))), BROKEN),
    "heic cropped to more": (lambda f: heif(still(clap(129, 128))), BROKEN),
    "heic cropped beside itself": (lambda f: heif(still(clap(100, 100, 2**30, -(2**31)))), BROKEN),
    "heic cropped by nought": (lambda f: heif(still(clap(128, 128, below=0))), BROKEN),
    "heif of tracks, a sequence": (lambda f: heif(still(), brand=b"msf1"), NONE),
    "heic of tracks, a sequence": (lambda f: heif(still(), brand=b"hevc"), NONE),
    "avif of tracks, a sequence": (lambda f: heif(still(codec="av1"), brand=b"avis"), NONE),
    # Grids of tiles.
    "heic of tiles": (lambda f: grid([still()] * 4, 2, 2, (200, 200)), FACELESS),
    "heic of 1,024 tiles that are one": (lambda f: grid([still(width=64, height=64)], 32, 32, (2048, 2048),
                                                        sources=[2] * 1024), FACELESS),
    "heic of a phone's 24 million pixels": (lambda f: grid([still(width=512, height=512)], 12, 9, (5712, 4284), irot(3),
                                                           sources=[2] * 108), FACELESS),
    "heic of 1,025 tiles": (lambda f: grid([still(width=64, height=64)], 41, 25, (2600, 1600), sources=[2] * 1025),
                            BROKEN),
    "heic of 65,535 tiles": (lambda f: grid([still()], 256, 256, (128 * 256, 128 * 256), sources=[2] * 65_535), BROKEN),
    "heic of a gigabyte of tiles": (lambda f: grid([still(size=(1024, 1024))], 32, 32, (32_768, 32_768),
                                                   sources=[2] * 1024), LARGE),
    "heic of a tile that is nearly all cut off": (lambda f: grid([still(size=(10_000, 10_000))], 1, 1, (128, 128)),
                                                  LARGE),
    "heic of tiles that are not there": (lambda f: grid([], 2, 2, (200, 200), sources=[8, 9, 10, 11]), BROKEN),
    "heic of too few tiles": (lambda f: grid([still()] * 3, 2, 2, (200, 200)), BROKEN),
    "heic of no tiles": (lambda f: heif(derived(b"grid")), BROKEN),
    "heic of two sizes of tiles": (lambda f: grid([still(), still(width=64)], 2, 1, (192, 128)), BROKEN),
    "heic of tiles that do not cover": (lambda f: grid([still()] * 4, 2, 2, (300, 256)), BROKEN),
    "heic of tiles outside": (lambda f: grid([still()] * 4, 2, 2, (128, 256)), BROKEN),
    "heic of turned tiles": (lambda f: grid([still(irot(1))] * 4, 2, 2, (200, 200)), BROKEN),
    "heic, foreign: a grid of itself": (lambda f: heif(derived(b"grid", 1)), NONE),
    "heic, foreign: a grid of a grid": (lambda f: heif(derived(b"grid", 2), derived(b"grid", 3), still()), NONE),
    "heic whose grid is cut": (lambda f: heif(derived(b"grid", 2, data=b"\0\0\0\0\0\x80"), still()), BROKEN),
    "heic of tiles, one broken": (lambda f: grid([still(), still(data=units(0)[:40] + bytes(9))], 2, 1, (256, 128)),
                                  BROKEN),
    # What is in the bitstream.
    "heic of 64 slices": (lambda f: heic(units(63)), BROKEN),
    "heic of 65 slices": (lambda f: heic(units(64)), LARGE),
    "heic of a million slices": (lambda f: heic(units(19_998)), LARGE),
    "heic of endless units": (lambda f: heic(units(30_000, kind=39)), BROKEN),
    "heic of two pictures": (lambda f: heic(units(1, first=True)), BROKEN),
    "heic that needs another picture": (lambda f: heic(units(1, kind=1)), BROKEN),
    "heic with words": (lambda f: heic(units(900, kind=39)), FACELESS),
    "heic with a unit of 4 GB": (lambda f: heic(units(0) + b"\xff\xff\xff\xff\x26\1"), BROKEN),
    "heic with an empty unit": (lambda f: heic(units(0) + bytes(4)), BROKEN),
    "heic of chance": (lambda f: heic(with_length(units(0)[4:20] + noise(9_000))), FACELESS),
    "avif of four frames": (lambda f: frames(4), FACELESS),
    "avif of five frames": (lambda f: frames(5), BROKEN),
    "avif of a hundred thousand frames": (lambda f: frames(100_000), BROKEN),
    "avif of no frame": (lambda f: heif(still(codec="av1", data=coded(grey(), "av1").data[:2])), BROKEN),
    "avif with a length that has no end": (lambda f: heif(still(codec="av1", data=b"\x0a" + b"\xff" * 99)), BROKEN),
    "avif of chance": (lambda f: heif(still(codec="av1", data=coded(grey(), "av1").data[:20] + noise(900))), BROKEN),
    "video behind a heic": (lambda f: f.heic + box(b"mpvd", f.film), JUDGED),
    "video's boxes behind a heic": (lambda f: f.heic + f.film, JUDGED),
    "heic behind a heic": (lambda f: f.heic + heif(still()), JUDGED),
}  # fmt: skip

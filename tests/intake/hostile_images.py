"""Table of hostile pictures, made on demand, each with its expected result: a code, or `judged`."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from tests.conftest import Image
from tests.intake import hostile_heif
from tests.intake.films import film
from tests.intake.heif_files import whole
from tests.intake.hostile_files import BLACK, FACELESS, JUDGED, noise, zipped
from tests.intake.hostile_heif import BROKEN, LARGE, MOST, NONE
from tests.intake.pictures import (
    PNG,
    bmp,
    canvas,
    chunk,
    endless,
    exif,
    frame,
    header,
    jpeg,
    lossless,
    passes,
    plain_jpeg,
    plain_png,
    png,
    riff,
    rows,
    scan,
    segment,
    tables,
    webp,
)


@dataclass(frozen=True)
class Faces:
    """A frame of a person filmed from life, in each accepted format, and the video."""

    jpeg: bytes
    png: bytes
    webp: bytes
    bmp: bytes
    heic: bytes
    avif: bytes
    film: bytes


Maker = Callable[[Faces], bytes]


def faces(person: Image, film: bytes) -> Faces:
    """The faces, made once."""
    jpeg, png, webp, bmp = (bytes(cv2.imencode(suffix, person)[1]) for suffix in (".jpg", ".png", ".webp", ".bmp"))
    return Faces(jpeg, png, webp, bmp, whole(person), whole(person, "av1"), film)


def wall(suffix: str, width: int = 128, height: int = 128, *options: int) -> bytes:
    """A grey picture by a common encoder."""
    return bytes(cv2.imencode(suffix, np.full((height, width, 3), 90, np.uint8), options)[1])


def moving_png(count: int = 2, width: int = 128, height: int = 128, at: int = 0, said: int | None = None) -> bytes:
    """An APNG whose later frames have this size and position."""
    control = struct.pack(">IIIIIHHBB", 0, 128, 128, 0, 0, 1, 10, 0, 0)
    first = chunk(b"fcTL", control) + chunk(b"IDAT", rows(128, 128))
    pixels, later = rows(width, height), bytearray()
    for number in range(count - 1):
        place = struct.pack(">IIIIIHHBB", 2 * number + 1, width, height, at, at, 1, 10, 2, 1)
        later += chunk(b"fcTL", place) + chunk(b"fdAT", struct.pack(">I", 2 * number + 2) + pixels)
    return png(header(128, 128), chunk(b"acTL", struct.pack(">II", said or count, 0)), first, bytes(later))


def twice(data: bytes, marker: bytes, more: bytes) -> bytes:
    """The JPEG with bytes inserted before the first segment of a kind."""
    at = data.index(marker)
    return data[:at] + more + data[at:]


def hole(side: int) -> bytes:
    """A JPEG with a huge frame where decoders look, which the segment lengths skip."""
    giant = tables() + frame(side, side) + scan()
    return jpeg(b"\xff\0" + struct.pack(">H", len(giant) + 2) + giant, tables(), frame(), scan())


def tiff(content: bytes = bytes(100)) -> bytes:
    """The head of a TIFF."""
    return b"II\x2a\0\x08\0\0\0" + content


HIDDEN = 32_000
"""A side whose square is over our cap, and under that of the decoder."""
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="200" height="200"><image href="file:///etc/passwd"/></svg>'
RUNS = b"\xff\0" * 20_000
XMP = b"http://ns.adobe.com/xap/1.0/\0<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><x>&e;</x>"

FILES: dict[str, tuple[Maker, str]] = {
    # What is judged, so that the refusals are of these pictures and not of everything.
    "a person, jpeg": (lambda f: f.jpeg, JUDGED),
    "a person, png": (lambda f: f.png, JUDGED),
    "a person, webp": (lambda f: f.webp, JUDGED),
    "a person, bmp": (lambda f: f.bmp, JUDGED),
    "a person, heic": (lambda f: f.heic, JUDGED),
    "a person, avif": (lambda f: f.avif, JUDGED),
    "a wall": (lambda f: wall(".jpg"), FACELESS),
    # No picture that is taken.
    "empty": (lambda f: b"", NONE),
    "one byte": (lambda f: b"\xff", NONE),
    "zeros": (lambda f: bytes(100_000), NONE),
    "chance": (lambda f: noise(100_000), NONE),
    "text": (lambda f: b"BM, said a letter\n" * 100, NONE),
    "svg": (lambda f: SVG, NONE),
    "xml that grows": (lambda f: b'<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><l>&b;</l>', NONE),
    "playlist": (lambda f: b"#EXTM3U\n#EXTINF:9,\n/etc/hostname\n", NONE),
    "imagemagick's script": (lambda f: b"push graphic-context\nfill 'url(https://x\"|id\")'\n", NONE),
    "postscript": (lambda f: b"%!PS-Adobe-3.0 EPSF-3.0\n(/etc/passwd) (r) file\n", NONE),
    "pdf": (lambda f: b"%PDF-1.7\n" + bytes(1000), NONE),
    "zip bomb": (lambda f: zipped(), NONE),
    "gif": (lambda f: film("gif", "gif", frames=1, pix_fmt="rgb8"), NONE),
    "moving gif": (lambda f: film("gif", "gif", pix_fmt="rgb8"), NONE),
    "tiff": (lambda f: wall(".tiff"), NONE),
    "tiff of giant size": (lambda f: tiff(b"\x02\0" + b"\0\1\4\0\1\0\0\0\xff\xff\xff\x7f" * 2), NONE),
    "icon with a png": (lambda f: b"\0\0\1\0\1\0\0\0\0\0\1\0\x20\0" + struct.pack("<II", len(f.png), 22) + f.png, NONE),
    "jpeg 2000": (lambda f: wall(".jp2"), NONE),
    "pixmap": (lambda f: wall(".ppm"), NONE),
    "radiance": (lambda f: wall(".hdr"), NONE),
    "photoshop": (lambda f: b"8BPS\0\1" + bytes(1000), NONE),
    "video": (lambda f: f.film, NONE),
    "video in avi": (lambda f: film("avi", "mpeg4"), NONE),
    "sound": (lambda f: b"RIFF\x24\0\0\0WAVEfmt " + bytes(100), NONE),
    # PNG.
    "png of 2**62 pixels": (lambda f: png(header(2**31 - 1, 2**31 - 1), chunk(b"IDAT", rows(1, 1))), LARGE),
    "png of a hundred million pixels": (lambda f: plain_png(10_000, 10_000), LARGE),
    "png without width": (lambda f: png(header(0, 128), chunk(b"IDAT", rows(1, 1))), BROKEN),
    "png with another width behind": (lambda f: plain_png(before=header(HIDDEN, HIDDEN)), BROKEN),
    "png with something before its header": (lambda f: PNG + chunk(b"tEXt") + plain_png()[8:], BROKEN),
    "png, head alone": (lambda f: PNG + header(128, 128), BROKEN),
    "png without pixels": (lambda f: png(header(MOST, MOST)), BROKEN),
    "png with few of its pixels": (lambda f: png(header(MOST, MOST), chunk(b"IDAT", rows(MOST, 9))), BROKEN),
    "png of 64 bits": (lambda f: png(header(MOST, MOST, 16, 6), chunk(b"IDAT", rows(MOST, MOST, 64))), BLACK),
    "png, interlaced": (lambda f: png(header(MOST, MOST, 8, 6, 1), chunk(b"IDAT", rows(MOST, MOST, 33))), BLACK),
    "png of nine gigabytes": (lambda f: png(header(128, 128), chunk(b"IDAT", endless(9_000))), BROKEN),
    "png, large, of nine gigabytes": (lambda f: png(header(MOST, MOST, 16, 6), chunk(b"IDAT", endless(9_000))), BROKEN),
    "png whose profile is a bomb": (lambda f: plain_png(before=chunk(b"iCCP", b"a\0\0" + endless(99))), BLACK),
    "png whose words are bombs": (lambda f: plain_png(before=chunk(b"zTXt", b"a\0\0" + endless(7)) * 990), BLACK),
    "png of many words": (lambda f: plain_png(before=chunk(b"tEXt", b"a\0b") * 9_000), BLACK),
    "png of endless words": (lambda f: plain_png(before=chunk(b"tEXt", b"a\0b") * 600_000), BROKEN),
    "png with endless pieces": (lambda f: png(header(128, 128), chunk(b"IDAT") * 800_000), BROKEN),
    "png with a chunk of 2 GB": (lambda f: PNG + header(128, 128) + b"\x7f\xff\xff\xffIDAT" + bytes(100), BROKEN),
    "png with wrong sums": (lambda f: png(header(128, 128), chunk(b"IDAT", rows(128, 128), 402)), BROKEN),
    "png with a wrong sum of its head": (lambda f: f.png[:29] + b"\0\0\0\0" + f.png[33:], BROKEN),
    "png without palette": (lambda f: png(header(128, 128, 8, 3), chunk(b"IDAT", rows(128, 128))), BROKEN),
    "png of three bits": (lambda f: png(header(128, 128, 3), chunk(b"IDAT", rows(128, 128))), BROKEN),
    "png, cut": (lambda f: f.png[: len(f.png) // 2], BROKEN),
    "png that moves": (lambda f: moving_png(), NONE),
    "png that moves ten thousand times": (lambda f: moving_png(10_000, 4, 4), NONE),
    "png that moves 2**31 times": (lambda f: moving_png(said=2**31 - 1), NONE),
    "png that moves and grows": (lambda f: moving_png(3, MOST, MOST), NONE),
    "png that moves beside itself": (lambda f: moving_png(3, at=2**31 - 1), NONE),
    # JPEG.
    "jpeg of four billion pixels": (lambda f: jpeg(tables(), frame(65_500, 65_500), scan()), LARGE),
    "jpeg that says more than it has": (lambda f: jpeg(tables(), frame(MOST, MOST), scan(data=bytes(100))), FACELESS),
    "jpeg with its size in a hole": (lambda f: hole(HIDDEN), BROKEN),
    "jpeg with two sizes": (lambda f: twice(plain_jpeg(), b"\xff\xda", frame(HIDDEN, HIDDEN)), BROKEN),
    "jpeg whose height comes last": (lambda f: jpeg(tables(), frame(128, 0), scan(), segment(0xDC, b"\x40\0")), BROKEN),
    "jpeg of a thousand passes": (lambda f: passes(MOST, MOST, 1_000), LARGE),
    "jpeg of a hundred thousand passes": (lambda f: passes(MOST, MOST, 100_000), BROKEN),
    "jpeg of 64 passes": (lambda f: passes(MOST, MOST, 63), FACELESS),
    "jpeg of many whole passes": (lambda f: jpeg(tables(), frame(MOST, MOST), scan((0,)) * 9_000), LARGE),
    "jpeg, progressive": (lambda f: wall(".jpg", 128, 128, cv2.IMWRITE_JPEG_PROGRESSIVE, 1), FACELESS),
    "jpeg, cut": (lambda f: f.jpeg[: len(f.jpeg) // 2], BROKEN),
    "jpeg, head alone": (lambda f: f.jpeg[: f.jpeg.index(b"\xff\xda")], BROKEN),
    "jpeg without end of its fill": (lambda f: b"\xff\xd8" + b"\xff" * 9_000_000, BROKEN),
    "jpeg of empty marks": (lambda f: b"\xff\xd8" + b"\xff\xd0" * 4_500_000, BROKEN),
    "jpeg of empty segments": (lambda f: plain_jpeg(before=segment(0xE5, b"") * 2_000_000), BROKEN),
    "jpeg of four inks": (lambda f: plain_jpeg(parts=4), FACELESS),
    "jpeg of four inks, large": (lambda f: jpeg(tables(), frame(MOST, MOST, 0xC2, 4), scan(range(4), (0, 0))),
                                 LARGE),
    "jpeg of 255 parts": (lambda f: plain_jpeg(parts=255), BROKEN),
    "jpeg of 12 bits": (lambda f: jpeg(tables(), frame(bits=12), scan()), BROKEN),
    "jpeg, arithmetic": (lambda f: plain_jpeg(marker=0xC9), FACELESS),
    "jpeg, lossless": (lambda f: jpeg(tables(), frame(marker=0xC3), scan(band=(1, 0))), FACELESS),
    "jpeg, hierarchical": (lambda f: plain_jpeg(marker=0xC5), BROKEN),
    "jpeg sampled by nought": (lambda f: jpeg(tables(), frame(sampled=0), scan()), BROKEN),
    "jpeg without tables": (lambda f: jpeg(frame(), scan()), BROKEN),
    "jpeg turned to nowhere": (lambda f: plain_jpeg(before=exif((0x0112, 3, 1, 99 << 16))), FACELESS),
    "jpeg turned, large": (lambda f: plain_jpeg(MOST, MOST, exif((0x0112, 3, 1, 6 << 16))), FACELESS),
    "jpeg whose exif goes in circles": (lambda f: plain_jpeg(before=exif((0x8769, 4, 1, 8), following=8)), FACELESS),
    "jpeg whose exif lies elsewhere": (lambda f: plain_jpeg(before=exif((0x010F, 2, 2**31, 2**32 - 1))), FACELESS),
    "jpeg whose exif has no end": (lambda f: plain_jpeg(before=exif((0x0112, 3, 1, 1 << 16), count=65_535)), FACELESS),
    "jpeg with nine megabytes of exif": (lambda f: plain_jpeg(before=exif(tail=bytes(65_000)) * 140), FACELESS),
    "jpeg with a giant in its exif": (lambda f: plain_jpeg(before=exif(tail=plain_jpeg(300, 300))), FACELESS),
    "jpeg whose words read files": (lambda f: plain_jpeg(before=segment(0xE1, XMP)), FACELESS),
    # WebP.
    "webp of 2**48 pixels": (lambda f: webp(canvas(2**24, 2**24), lossless(128, 128)), LARGE),
    "webp on a larger canvas": (lambda f: webp(canvas(MOST, MOST), lossless(128, 128)), BROKEN),
    "webp on a smaller canvas": (lambda f: webp(canvas(128, 128), lossless(16_384, 16_384)), BROKEN),
    "webp that moves": (lambda f: webp(canvas(128, 128, 2), riff(b"ANIM", bytes(6))), NONE),
    "webp that moves in secret": (lambda f: webp(canvas(128, 128), riff(b"ANIM", bytes(6)), riff(
        b"ANMF", bytes(16) + lossless(128, 128))), BROKEN),
    "webp, lossless and large": (lambda f: webp(lossless(MOST, MOST), riff(b"XMP ", b"x")), BLACK),
    "webp with endless profiles": (lambda f: webp(canvas(128, 128, 0x20), riff(b"ICCP", b"") * 500_000), BROKEN),
    "webp, cut": (lambda f: f.webp[: len(f.webp) // 2], BROKEN),
    "webp longer than it says": (lambda f: b"RIFF" + bytes(4) + webp(lossless(128, 128))[8:], BROKEN),
    # BMP.
    "bmp of 2**62 pixels": (lambda f: bmp(2**31 - 1, -(2**31)), LARGE),
    "bmp of less than no width": (lambda f: bmp(-128, 128, data=bytes(128 * 128 * 3)), BROKEN),
    "bmp from the top": (lambda f: bmp(128, -128, data=bytes(128 * 128 * 3)), BLACK),
    "bmp without pixels": (lambda f: bmp(MOST, MOST), BROKEN),
    "bmp of runs": (lambda f: bmp(MOST, MOST, 8, 1, bytes(1024), RUNS), BROKEN),
    "bmp of runs that leap": (lambda f: bmp(MOST, MOST, 8, 1, bytes(1024), b"\0\2\xff\xff" * 10_000), BLACK),
    "bmp of runs of four bits": (lambda f: bmp(MOST, MOST, 4, 2, bytes(64), RUNS), BROKEN),
    "bmp of runs upside down": (lambda f: bmp(MOST, -MOST, 8, 1, bytes(1024), RUNS), BROKEN),
    "bmp with 2**31 colours": (lambda f: bmp(128, 128, 8, used=2**31 - 1, data=bytes(128 * 128)), BROKEN),
    "bmp of no bits": (lambda f: bmp(128, 128, 0, data=bytes(1000)), BROKEN),
    "bmp of masks of nothing": (lambda f: bmp(128, 128, 32, 3, bytes(12), bytes(128 * 128 * 4)), BLACK),
    "bmp with a jpeg in it": (lambda f: bmp(128, 128, 0, 4, data=plain_jpeg()), BROKEN),
    # Two things at once.
    "zip behind a picture": (lambda f: f.jpeg + zipped(), JUDGED),
    "video behind a picture": (lambda f: f.jpeg + f.film, JUDGED),
    "page in a picture": (lambda f: plain_jpeg(before=segment(0xFE, b"<script>alert(402)</script>")), FACELESS),
    "picture behind a picture": (lambda f: f.png + f.jpeg, JUDGED),
    # Too small, too large, too narrow.
    "63 pixels": (lambda f: wall(".png", 63, 63), BROKEN),
    "ten megabytes and more": (lambda f: f.jpeg + bytes(10_000_001), LARGE),
    "a thread": (lambda f: plain_png(390_625, 64), BROKEN),
    "a ribbon": (lambda f: plain_png(1920, 64), BLACK),
} | hostile_heif.FILES  # fmt: skip

"""What a purchase sends: the bytes of a file, and whether a file or a URL is a picture."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from alive402.client.errors import InputUnreadable

_PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".heic", ".heif", ".avif")
_PICTURE_HEADS = (b"\xff\xd8\xff", b"\x89PNG", b"BM")
_PICTURE_BRANDS = (b"heic", b"heix", b"mif1", b"avif", b"heim", b"heis")
# Services take 30 MB by default, and say so.
_MOST_BYTES = 200_000_000


def names_picture(url: str) -> bool:
    """Whether the ending of a URL's path is that of a picture."""
    return PurePosixPath(urlsplit(url).path).suffix.lower() in _PICTURES


def content_of(path: Path) -> bytes:
    """The bytes of a file.

    Raises:
        InputUnreadable: there is none, or it is empty, too large, or no plain file.
    """
    if "://" in str(path):
        raise InputUnreadable(f"{path} cannot be sent. Give a file, or an http or https URL.")
    try:
        # A pipe or a device might never end.
        if path.exists() and not path.is_file():
            raise InputUnreadable(f"{path} is not a file.")
        if path.stat().st_size > _MOST_BYTES:
            raise InputUnreadable(f"{path} has more than {_MOST_BYTES / 1e6:.0f} MB. Send a shorter or smaller video.")
        content = path.read_bytes()
    except OSError as error:
        raise InputUnreadable(f"{path} cannot be read: {error.strerror}.") from None
    if not content:
        raise InputUnreadable(f"{path} is empty.")
    return content


def is_picture(content: bytes) -> bool:
    """Whether the first bytes are those of a picture."""
    webp = content[:4] == b"RIFF" and content[8:12] == b"WEBP"
    return content.startswith(_PICTURE_HEADS) or webp or (content[4:8] == b"ftyp" and content[8:12] in _PICTURE_BRANDS)

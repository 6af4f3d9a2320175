"""The page's own files, read once: styles, scripts, the icon. Their address holds a hash of all of them."""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "static"
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file: its bytes, its media type, and its ETag in quotes."""

    body: bytes
    media_type: str
    etag: str


@dataclass(frozen=True, slots=True)
class Assets:
    """Every file by its path below `static/`. `version` changes when any of them does, so each may be kept for ever.

    One hash stands for all because modules name each other by relative paths.
    """

    version: str
    files: dict[str, Asset]


@functools.cache
def assets() -> Assets:
    """The files as they lie in the package."""
    files = {}
    for path in sorted(each for each in FOLDER.rglob("*") if each.suffix in _TYPES):
        body = path.read_bytes()
        etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        files[path.relative_to(FOLDER).as_posix()] = Asset(body, _TYPES[path.suffix], etag)
    whole = hashlib.sha256("".join(f"{name} {asset.etag}\n" for name, asset in files.items()).encode())
    return Assets(whole.hexdigest()[:16], files)

"""Static files (styles, scripts, pictures), read once; their URL path holds a hash of all of them."""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "static"
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".png": "image/png"}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file: its bytes, its media type, and its ETag in quotes."""

    body: bytes
    media_type: str
    etag: str


@dataclass(frozen=True, slots=True)
class Assets:
    """Every file by its path below `static/`. `version` changes with any of them, so each may be cached for ever.

    One hash covers all files because modules import each other by relative paths.
    """

    version: str
    files: dict[str, Asset]


@functools.cache
def load_assets() -> Assets:
    """The files of the package."""
    files = {}
    for path in sorted(each for each in FOLDER.rglob("*") if each.suffix in _TYPES):
        body = path.read_bytes()
        etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        files[path.relative_to(FOLDER).as_posix()] = Asset(body, _TYPES[path.suffix], etag)
    whole = hashlib.sha256("".join(f"{name} {asset.etag}\n" for name, asset in files.items()).encode())
    return Assets(whole.hexdigest()[:16], files)

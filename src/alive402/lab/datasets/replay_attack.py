"""Replay-Attack: train, devel and test, each with real/ and attack/{fixed,hand}/attack_DEVICE_clientNNN_...mov.

Source: Chingovska et al. 2012, "On the effectiveness of local binary patterns in face anti-spoofing".
"""

from __future__ import annotations

import re
from pathlib import Path

from alive402.lab.datasets.presentation import DatasetError, Presentation, below, files_under

FOLDERS = {"train": "train", "devel": "dev", "test": "test"}
PROTOCOLS = ("grandtest", "fixed", "hand", "print", "mobile", "highdef")
REAL = re.compile(r"client(?P<client>\d{3})_session\d+_webcam_authenticate_(?P<light>controlled|adverse)_\d+")
ATTACK = re.compile(
    r"attack_(?P<device>highdef|mobile|print)_client(?P<client>\d{3})_session\d+_"
    r"(?:highdef|mobile)_(?P<medium>photo|video)_(?P<light>controlled|adverse)"
)


def read(root: Path, protocol: str | None = None) -> list[Presentation]:
    """Every video (`grandtest`), or those of a protocol: a way of holding the device (`fixed`, `hand`) or a device.

    The enrolment videos are not presentations and are left out.
    """
    if protocol not in (None, *PROTOCOLS):
        raise DatasetError(f"There is no protocol '{protocol}'; there are {', '.join(PROTOCOLS)}.")
    found = [
        presentation for path in files_under(root, *FOLDERS) if (presentation := _presentation(path, root)) is not None
    ]
    if protocol in (None, "grandtest"):
        return found
    return [one for one in found if one.bona_fide or protocol in (*one.attack_type.split("/"), one.notes["held"])]


def _presentation(path: Path, root: Path) -> Presentation | None:
    group, kind = path.relative_to(root).parts[:2]
    real, attack = REAL.fullmatch(path.stem), ATTACK.fullmatch(path.stem)
    name = below(path, root)
    if kind == "real" and real:
        return Presentation(path, name, True, "", real["client"], real["light"], FOLDERS[group])
    if kind == "attack" and attack:
        species = "print" if attack["device"] == "print" else f"{attack['device']}/{attack['medium']}"
        notes = {"held": path.parent.name}
        return Presentation(path, name, False, species, attack["client"], attack["light"], FOLDERS[group], notes)
    return None

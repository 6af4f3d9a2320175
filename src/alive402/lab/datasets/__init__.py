"""Readers of manifests and data sets, one per layout; each returns Presentations."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from alive402.lab.datasets import casia_fasd, celeba_spoof, manifest, msu_mfsd, oulu_npu, replay_attack, siw
from alive402.lab.datasets.presentation import DatasetError, Presentation

READERS: dict[str, Callable[[Path, str | None], list[Presentation]]] = {
    "manifest": manifest.read,
    "oulu-npu": oulu_npu.read,
    "replay-attack": replay_attack.read,
    "casia-fasd": casia_fasd.read,
    "msu-mfsd": msu_mfsd.read,
    "siw": siw.read,
    "celeba-spoof": celeba_spoof.read,
}


def read(root: Path, layout: str = "manifest", protocol: str | None = None) -> list[Presentation]:
    """The presentations of a manifest (a CSV file) or of a data set (its folder).

    Raises:
        DatasetError: nothing can be read; the message says where and what to do.
    """
    if layout not in READERS:
        raise DatasetError(f"There is no layout '{layout}'; there are {', '.join(READERS)}.")
    if layout == "manifest" and not root.is_file():
        raise DatasetError(f"There is no manifest {root}. For the folder of a data set, give its --layout.")
    if layout != "manifest" and not root.is_dir():
        raise DatasetError(f"{root} is not a folder; --layout {layout} needs the folder of the data set.")
    found = READERS[layout](root, protocol)
    if not found:
        raise DatasetError(f"Nothing below {root} looks like {layout}; docs/accuracy.md shows the folders.")
    return found


__all__ = ["READERS", "DatasetError", "Presentation", "read"]

"""Reads the curves of a clip's face without judging it, for fitting the challenge's thresholds."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from alive402.liveness.challenge import Signals, read
from alive402.liveness.errors import NoFace
from alive402.liveness.faces import FaceFinder
from alive402.liveness.looking import look
from alive402.liveness.media import Limits, VideoFile


def read_signals(path: Path) -> Signals:
    """The curves of the judged face of a clip, at every frame that a challenge is checked at.

    Raises:
        UnusableVideo: the video cannot be read, or has no face.
        ModelsMissing: the models could not be installed.
        OSError: the file cannot be opened.
    """
    _, tracks = look(
        lambda every: VideoFile(path, every=every), _finder(), Limits(), lambda stage, share: None, every=True
    )
    if not tracks:
        raise NoFace
    return read(tracks[0])


@cache
def _finder() -> FaceFinder:
    return FaceFinder()

"""Reads a few seconds from a camera of this machine, by V4L2."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alive402.cli.judging.inputs import InputRefused

if TYPE_CHECKING:
    import av

SECONDS = 6.0
SETTLING_SECONDS = 1.0
"""Seconds at the start that are not judged: the camera adjusts exposure and focus."""
_WISHES: tuple[dict[str, str], ...] = (
    {"input_format": "mjpeg", "video_size": "1280x720", "framerate": "30"},
    {"video_size": "640x480", "framerate": "30"},
    {},
)


def filmed(device: str, seconds: float = SECONDS, kind: str | None = "v4l2") -> Iterator[tuple[float, av.VideoFrame]]:
    """Film with the camera at `device`; each frame with its seconds. `kind` is FFmpeg's name of the input.

    Raises:
        InputRefused: the camera cannot be opened.
    """
    # Opened at once: an error while frames are read would be one of the analysis.
    return _frames(_opened(device, kind), seconds)


def _frames(camera: Any, seconds: float) -> Iterator[tuple[float, av.VideoFrame]]:
    first: float | None = None
    with camera:
        for frame in camera.decode(video=0):
            if frame.time is None:
                continue
            first = frame.time if first is None else first
            since = frame.time - first
            if since > SETTLING_SECONDS + seconds:
                return
            if since >= SETTLING_SECONDS:
                yield frame.time, frame


def _opened(device: str, kind: str | None) -> Any:
    import av

    if not Path(device).exists():
        found = ", ".join(map(str, sorted(Path("/dev").glob("video*"))))
        raise InputRefused(f"There is no camera at {device}; {f'there are {found}' if found else 'none is connected'}.")
    why: Exception | None = None
    for wish in _WISHES:
        try:
            return av.open(device, format=kind, options=wish)
        except PermissionError:
            raise InputRefused(f"You may not use {device}. Join its group: sudo usermod -aG video $USER") from None
        except (av.FFmpegError, OSError, ValueError) as error:
            why = error
    raise InputRefused(f"The camera at {device} cannot be opened: {why}. Is another program using it?") from None

"""Decoding by a graphics card: which kinds of device there are, and whether one works on this machine.

FFmpeg opens the device through its driver (https://trac.ffmpeg.org/wiki/HWAccelIntro); decoded frames come back to
memory as NV12. H.264 and HEVC define every decoded sample, so the verdict does not depend on who decodes. A codec that
the device cannot decode is decoded by the processor.
"""

from __future__ import annotations

import io

import av
import numpy as np
from av.codec.hwaccel import HWAccel, hwdevices_available

_SIDE = 256
"""Side of the tried picture in px: some devices refuse smaller ones."""


def kinds() -> tuple[str, ...]:
    """The kinds of device that the installed FFmpeg knows, such as `cuda`; this machine may have none of them."""
    return tuple(hwdevices_available())


def check_hardware(kind: str) -> None:
    """Decode one picture of H.264 on the device.

    Raises:
        ValueError: the kind is unknown, or the device does not decode here; the sentence says which kinds there are.
    """
    known = ", ".join(kinds()) or "none"
    if kind not in kinds():
        raise ValueError(f"Hardware decoding by {kind} is not known here. This installation knows: {known}.")
    try:
        with av.open(_picture(), "r", hwaccel=HWAccel(kind, allow_software_fallback=False)) as container:
            next(container.decode(video=0))
    except (OSError, RuntimeError, StopIteration) as error:
        raise ValueError(
            f"Hardware decoding by {kind} does not work on this machine ({error}). Check that the device is there and "
            f"its driver is installed, choose another kind ({known}), or leave the option out."
        ) from error


def accelerator(kind: str | None) -> HWAccel | None:
    """What `av.open` needs to decode on the device; None for the processor."""
    return None if kind is None else HWAccel(kind)


def _picture() -> io.BytesIO:
    """An MP4 of one gray picture."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width = stream.height = _SIDE
        stream.pix_fmt = "yuv420p"
        frame = av.VideoFrame.from_ndarray(np.full((_SIDE * 3 // 2, _SIDE), 128, np.uint8), format="yuv420p")
        container.mux([*stream.encode(frame), *stream.encode(None)])
    file.seek(0)
    return file

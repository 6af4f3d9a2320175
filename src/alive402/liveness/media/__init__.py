"""Decodes untrusted files to frames: containers, clips, pictures, prefetch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alive402.lazy import lazy_names

if TYPE_CHECKING:
    from alive402.liveness.media import heif, images
    from alive402.liveness.media.clip import MOTION_SIDE, THUMB_SIDE, Clip, ClipRecorder
    from alive402.liveness.media.container import Limits, VideoFile
    from alive402.liveness.media.frame_sequence import FrameSequence, FrameSource, TimedFrames
    from alive402.liveness.media.frames import Frame, Shown, shrink
    from alive402.liveness.media.hardware import check_hardware
    from alive402.liveness.media.image_headers import IMAGE_HEAD_BYTES
    from alive402.liveness.media.images import ImageLimits, Picture, is_image, recognised_image
    from alive402.liveness.media.motion_clock import MotionClock
    from alive402.liveness.media.prefetch import prefetched
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "clip": ["MOTION_SIDE", "THUMB_SIDE", "Clip", "ClipRecorder"],
            "container": ["Limits", "VideoFile"],
            "frame_sequence": ["FrameSequence", "FrameSource", "TimedFrames"],
            "frames": ["Frame", "Shown", "shrink"],
            "hardware": ["check_hardware"],
            "image_headers": ["IMAGE_HEAD_BYTES"],
            "images": ["ImageLimits", "Picture", "is_image", "recognised_image"],
            "motion_clock": ["MotionClock"],
            "prefetch": ["prefetched"],
        },
    )

__all__ = [
    "IMAGE_HEAD_BYTES",
    "MOTION_SIDE",
    "THUMB_SIDE",
    "Clip",
    "ClipRecorder",
    "Frame",
    "FrameSequence",
    "FrameSource",
    "ImageLimits",
    "Limits",
    "MotionClock",
    "Picture",
    "Shown",
    "TimedFrames",
    "VideoFile",
    "check_hardware",
    "heif",
    "images",
    "is_image",
    "prefetched",
    "recognised_image",
    "shrink",
]

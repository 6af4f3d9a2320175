"""Reads the frames of a source: follows the faces and collects the data that the cues need."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace

from alive402.liveness.faces import FaceFinder, FaceFollower, FaceTrack
from alive402.liveness.media import (
    MOTION_SIDE,
    THUMB_SIDE,
    Clip,
    ClipRecorder,
    Frame,
    FrameSource,
    Limits,
    MotionClock,
    prefetched,
)

Opened = Callable[[bool], FrameSource]
"""Opens the source; the argument says whether every frame has to be decoded."""
Progress = Callable[[str, float], None]
"""Progress callback: the stage (`looking`, `judging`, `done`) and the share of the whole that is done, 0..1."""

LOOKING_SHARE = 0.8
PREFETCH_BYTES, MOST_PREFETCHED = 8_000_000, 12
"""Bytes and number of decoded frames that may wait in the queue. Speed grows up to about 12 frames; a 1080p frame takes
3 MB, a 4K frame 12 MB."""


def look(
    opened: Opened, finder: FaceFinder, limits: Limits, progress: Progress, every: bool
) -> tuple[Clip, list[FaceTrack]]:
    """Read the frames once. With `every`, each frame is decoded, and each motion frame gets a mesh."""
    with opened(every) as file:
        recorder = ClipRecorder(limits.max_frames)
        follower = FaceFollower(finder, file.expected_seconds, every_mesh=every)
        expected = max(file.expected_seconds or 0.0, 1.0)
        # close it before the file: the prefetch thread must not outlive the file
        with closing(prefetched(file, _reducing(file.expected_seconds), _depth(file))) as frames:
            for frame, moving in frames:
                recorder.add(frame)
                if moving:
                    recorder.add_motion(frame)
                    follower.follow(frame)
                    progress("looking", min(frame.time / expected, 1.0) * LOOKING_SHARE)
        tracks = follower.tracks()
        return recorder.finish(file.video(), follower.inner(), file.unseen), tracks


def with_every_frame(opened: Opened, limits: Limits, clip: Clip) -> Clip:
    """The clip with the times and small pictures of the frames that were left out, by decoding all of them."""
    with opened(True) as file:
        recorder = ClipRecorder(limits.max_frames)
        with closing(prefetched(file, _shrunk, _depth(file))) as frames:
            for frame in frames:
                recorder.add(frame)
        whole = recorder.finish(file.video())
    return replace(clip, video=whole.video, times=whole.times, thumbs=whole.thumbs, unseen=whole.unseen)


def _reducing(expected_seconds: float | None) -> Callable[[Frame], tuple[Frame, bool]]:
    """Makes the small pictures of each frame, and says whether it is a motion frame, in which faces are searched.

    It runs in the thread that decodes, which has more time than the one that looks.
    """
    clock = MotionClock(expected_seconds)

    def reduced(frame: Frame) -> tuple[Frame, bool]:
        moving = clock.chooses(frame.time)
        frame.make_small(*((MOTION_SIDE, THUMB_SIDE) if moving else (THUMB_SIDE,)))
        return frame, moving

    return reduced


def _shrunk(frame: Frame) -> Frame:
    frame.make_small(THUMB_SIDE)
    return frame


def _depth(file: FrameSource) -> int:
    return min(max(PREFETCH_BYTES // file.frame_bytes, 1), MOST_PREFETCHED)

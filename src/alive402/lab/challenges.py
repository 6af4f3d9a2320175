"""Fits the thresholds of the challenge's movements on a manifest of clips."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from alive402.lab.datasets import Presentation
from alive402.liveness import (
    AnalysisError,
    Challenge,
    ModelsMissing,
    Signals,
    ThresholdFit,
    UnsupportedVideo,
    fit_thresholds,
    is_image,
    read_signals,
)

UNREADABLE = "file_unreadable"
Progress = Callable[[int, int, Presentation], None]
"""Progress callback before each clip: clips done, clips in all, and the next one."""


@dataclass(frozen=True, slots=True)
class ChallengeFit:
    """The fit of a manifest.

    Attributes:
        fit: the thresholds; None where no clip of somebody who was asked could be read.
        people, asked, unasked: persons who were asked, and clips of people who were and were not.
        attacks: how many attacks were left out.
        unreadable: how many clips could not be read, by error code.
    """

    fit: ThresholdFit | None
    people: int
    asked: int
    unasked: int
    attacks: int
    unreadable: dict[str, int]

    def to_dict(self) -> dict[str, Any]:
        """The fit as JSON-ready data, without names of files or persons."""
        return {
            "people": self.people,
            "asked_clips": self.asked,
            "unasked_clips": self.unasked,
            "attacks_left_out": self.attacks,
            "unreadable": self.unreadable,
            **({} if self.fit is None else self.fit.to_dict()),
        }


def fit_presentations(presentations: Sequence[Presentation], progress: Progress | None = None) -> ChallengeFit:
    """Fit the thresholds on bona fide clips: those with a challenge are of people who were asked, the others are not.

    Raises:
        ModelsMissing: the models could not be installed.
    """
    clips = [one for one in presentations if one.bona_fide]
    asked: list[tuple[Challenge, Signals]] = []
    unasked: list[Signals] = []
    people: set[str] = set()
    unreadable: Counter[str] = Counter()
    for done, one in enumerate(clips):
        if progress is not None:
            progress(done, len(clips), one)
        try:
            if is_image(one.path):
                raise UnsupportedVideo
            signals = read_signals(one.path)
        except ModelsMissing:
            raise
        except AnalysisError as error:
            unreadable[error.code] += 1
        except OSError:
            unreadable[UNREADABLE] += 1
        else:
            if one.challenge is None:
                unasked.append(signals)
            else:
                asked.append((one.challenge, signals))
                people.update({one.subject} - {""})
    fit = fit_thresholds(asked, unasked, len(people)) if asked else None
    return ChallengeFit(
        fit, len(people), len(asked), len(unasked), len(presentations) - len(clips), dict(sorted(unreadable.items()))
    )

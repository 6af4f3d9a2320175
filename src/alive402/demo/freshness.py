"""The demonstration's challenge: a rendered clip that answers it, and a stored clip that cannot."""

from __future__ import annotations

import secrets
import tempfile
from pathlib import Path

from rich.console import Console

from alive402.demo.answers import Take, film_answer
from alive402.liveness import Challenge, shared_analyzer

FILMED = Take(size=(320, 240), rate=12)
COLOURS = {"answered": "green", "not_answered": "red"}
PUPPET = (
    "  This program moved a picture, and the judgement of the picture alone takes it for a person. So an answer shows "
    "that a clip\n  was made for this challenge, and no more (docs/challenge.md)."
)


def show_challenge(console: Console, stored: Path) -> None:
    """Draw a challenge, film an answer to it, and check that answer and a stored clip; any result is shown as it is.

    Raises:
        AnalysisError: a clip could not be judged.
    """
    challenge = Challenge.new("of the demonstration", secrets.token_bytes(32))
    asked = ", ".join(f"{step.kind.replace('_', ' ')} at {step.at:.1f} s" for step in challenge.steps)
    console.print(f"  asked    {asked}")
    with tempfile.TemporaryDirectory(prefix="alive402-demo-") as folder:
        answer = film_answer(challenge, Path(folder) / "answer.mp4", FILMED)
        console.print("  A rendered answer: the face of the clip, moved by this program; nobody was filmed for it")
        if _judged(console, answer, challenge) == "live":
            console.print(PUPPET)
    console.print("  The stored clip that was filmed from life")
    _judged(console, stored, challenge)


def _judged(console: Console, clip: Path, challenge: Challenge) -> str:
    """Print the engine's answer about a clip; returns its verdict."""
    report = shared_analyzer().analyze(clip, challenge=challenge).report
    assert report.freshness is not None
    status = report.freshness.status
    console.print(f"    answer   [bold {COLOURS.get(status, 'yellow')}]{status}[/]: {report.freshness.message}")
    console.print(f"    verdict  {report.verdict}, live confidence {report.live_confidence:.3f}")
    return report.verdict

"""Rendered answers to a challenge: the man of the carphone sequence turns, looks and opens his mouth when asked.

No person was filmed for them, and nothing of a person is used but one frame of that public test sequence. Such a clip
is a puppet: it shows what the challenge asks for, and nothing about life.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from alive402.lazy import lazy_names

if TYPE_CHECKING:
    from alive402.demo.answers.film import Take, answer_frames, film_answer, write_frames
    from alive402.demo.answers.head import Head, Pose
    from alive402.demo.answers.person import Person, perform
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "film": ["Take", "answer_frames", "film_answer", "write_frames"],
            "head": ["Head", "Pose"],
            "person": ["Person", "perform"],
        },
    )

__all__ = ["Head", "Person", "Pose", "Take", "answer_frames", "film_answer", "perform", "write_frames"]

"""Demonstration of the whole service: two clips, a buyer with test money, paid verdicts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alive402.lazy import lazy_names

if TYPE_CHECKING:
    from alive402.demo.answers import Person, Take, answer_frames, film_answer, write_frames
    from alive402.demo.buyer import TOOL_PATH, Buyer, receipt
    from alive402.demo.clips import Clips, prepare_clips
    from alive402.demo.samples import prepare_samples
    from alive402.demo.server import DemoFailed, run_service, serve_files
    from alive402.demo.walk import run_demo
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "answers": ["Person", "Take", "answer_frames", "film_answer", "write_frames"],
            "buyer": ["TOOL_PATH", "Buyer", "receipt"],
            "clips": ["Clips", "prepare_clips"],
            "samples": ["prepare_samples"],
            "server": ["DemoFailed", "run_service", "serve_files"],
            "walk": ["run_demo"],
        },
    )

__all__ = [
    "TOOL_PATH",
    "Buyer",
    "Clips",
    "DemoFailed",
    "Person",
    "Take",
    "answer_frames",
    "film_answer",
    "prepare_clips",
    "prepare_samples",
    "receipt",
    "run_demo",
    "run_service",
    "serve_files",
    "write_frames",
]

"""The liveness engine: was this face filmed from life? Knows no HTTP, no money, no settings object.

Errors and reports are imported at once; the engine and its libraries (decoder, networks) on first use, so that a
process that only forwards answers stays small.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from alive402.lazy import lazy_names

if TYPE_CHECKING:
    from alive402.liveness.analyzer import Analysis, Analyzer, analyze, analyze_image, shared_analyzer
    from alive402.liveness.annotation import Annotator
    from alive402.liveness.challenge import (
        Challenge,
        ChallengeOptions,
        MovementKind,
        Signals,
        ThresholdFit,
        fit_thresholds,
    )
    from alive402.liveness.curves import FreshnessCurves
    from alive402.liveness.decision import engine_identity, fusion
    from alive402.liveness.errors import (
        AnalysisError,
        AnalysisFailed,
        AnalysisUnavailable,
        ImageTooLarge,
        ModelsMissing,
        NoFace,
        UndecodableVideo,
        UnsupportedVideo,
        UnusableVideo,
        VideoTooLarge,
    )
    from alive402.liveness.faces import FaceFinder, Sample
    from alive402.liveness.image import ImageAnalysis, ImageReport
    from alive402.liveness.looking import Progress
    from alive402.liveness.media import (
        IMAGE_HEAD_BYTES,
        FrameSequence,
        Limits,
        VideoFile,
        heif,
        is_image,
        recognised_image,
    )
    from alive402.liveness.networks import Wheel, extract_from_wheel, model_files
    from alive402.liveness.report import (
        ATTACK_WORDS,
        Cue,
        Face,
        FrameScore,
        Freshness,
        FreshnessStep,
        Quality,
        Reason,
        Report,
    )
    from alive402.liveness.signal_reader import read_signals
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "analyzer": ["Analysis", "Analyzer", "analyze", "analyze_image", "shared_analyzer"],
            "annotation": ["Annotator"],
            "challenge": [
                "Challenge",
                "ChallengeOptions",
                "MovementKind",
                "Signals",
                "ThresholdFit",
                "fit_thresholds",
            ],
            "curves": ["FreshnessCurves"],
            "decision": ["engine_identity", "fusion"],
            "errors": [
                "AnalysisError",
                "AnalysisFailed",
                "AnalysisUnavailable",
                "ImageTooLarge",
                "ModelsMissing",
                "NoFace",
                "UndecodableVideo",
                "UnsupportedVideo",
                "UnusableVideo",
                "VideoTooLarge",
            ],
            "faces": ["FaceFinder", "Sample"],
            "image": ["ImageAnalysis", "ImageReport"],
            "looking": ["Progress"],
            "media": [
                "IMAGE_HEAD_BYTES",
                "FrameSequence",
                "Limits",
                "VideoFile",
                "heif",
                "is_image",
                "recognised_image",
            ],
            "networks": ["Wheel", "extract_from_wheel", "model_files"],
            "report": [
                "ATTACK_WORDS",
                "Cue",
                "Face",
                "FrameScore",
                "Freshness",
                "FreshnessStep",
                "Quality",
                "Reason",
                "Report",
            ],
            "signal_reader": ["read_signals"],
        },
    )

__all__ = [
    "ATTACK_WORDS",
    "IMAGE_HEAD_BYTES",
    "Analysis",
    "AnalysisError",
    "AnalysisFailed",
    "AnalysisUnavailable",
    "Analyzer",
    "Annotator",
    "Challenge",
    "ChallengeOptions",
    "Cue",
    "Face",
    "FaceFinder",
    "FrameScore",
    "FrameSequence",
    "Freshness",
    "FreshnessCurves",
    "FreshnessStep",
    "ImageAnalysis",
    "ImageReport",
    "ImageTooLarge",
    "Limits",
    "ModelsMissing",
    "MovementKind",
    "NoFace",
    "Progress",
    "Quality",
    "Reason",
    "Report",
    "Sample",
    "Signals",
    "ThresholdFit",
    "UndecodableVideo",
    "UnsupportedVideo",
    "UnusableVideo",
    "VideoFile",
    "VideoTooLarge",
    "Wheel",
    "analyze",
    "analyze_image",
    "engine_identity",
    "extract_from_wheel",
    "fit_thresholds",
    "fusion",
    "heif",
    "is_image",
    "model_files",
    "read_signals",
    "recognised_image",
    "shared_analyzer",
]

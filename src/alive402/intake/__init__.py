"""Handles untrusted files: fetches them from checked addresses, recognises, stores and judges them in a sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alive402.lazy import lazy_names

if TYPE_CHECKING:
    from alive402.intake import callbacks
    from alive402.intake.advice import local_advice
    from alive402.intake.errors import (
        AnalysisTimeout,
        Busy,
        IntakeError,
        InvalidImageData,
        InvalidUrl,
        Unreachable,
        UploadGone,
        UploadMalformed,
        UploadRefused,
        UploadTooSlow,
        UploadTypeRefused,
        UpstreamFailed,
    )
    from alive402.intake.fetch import FetchLimits, check_url, fetch_file
    from alive402.intake.folders import media_folder, sweep_media_folders
    from alive402.intake.sniff import container_of
    from alive402.intake.uploads import UPLOADS_PATH, Upload, UploadLimits, Uploads
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "advice": ["local_advice"],
            "errors": [
                "AnalysisTimeout",
                "Busy",
                "IntakeError",
                "InvalidImageData",
                "InvalidUrl",
                "Unreachable",
                "UploadGone",
                "UploadMalformed",
                "UploadRefused",
                "UploadTooSlow",
                "UploadTypeRefused",
                "UpstreamFailed",
            ],
            "fetch": ["FetchLimits", "check_url", "fetch_file"],
            "folders": ["media_folder", "sweep_media_folders"],
            "sniff": ["container_of"],
            "uploads": ["UPLOADS_PATH", "Upload", "UploadLimits", "Uploads"],
        },
    )

__all__ = [
    "UPLOADS_PATH",
    "AnalysisTimeout",
    "Busy",
    "FetchLimits",
    "IntakeError",
    "InvalidImageData",
    "InvalidUrl",
    "Unreachable",
    "Upload",
    "UploadGone",
    "UploadLimits",
    "UploadMalformed",
    "UploadRefused",
    "UploadTooSlow",
    "UploadTypeRefused",
    "Uploads",
    "UpstreamFailed",
    "callbacks",
    "check_url",
    "container_of",
    "fetch_file",
    "local_advice",
    "media_folder",
    "sweep_media_folders",
]

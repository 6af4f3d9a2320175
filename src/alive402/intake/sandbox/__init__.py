"""Judges files in warm child processes that are confined and can be killed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alive402.lazy import lazy_names

if TYPE_CHECKING:
    from alive402.intake.sandbox.pool import Judged, Sandbox, understood
    from alive402.intake.sandbox.worker_process import Kind, Progress, SandboxLimits
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "pool": ["Judged", "Sandbox", "understood"],
            "worker_process": ["Kind", "Progress", "SandboxLimits"],
        },
    )

__all__ = ["Judged", "Kind", "Progress", "Sandbox", "SandboxLimits", "understood"]

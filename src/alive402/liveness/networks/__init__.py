"""Networks and their files: our appearance network, optional experts, runtimes, the model registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alive402.lazy import lazy_names

if TYPE_CHECKING:
    from alive402.liveness.networks import model_files
    from alive402.liveness.networks.appearance import (
        MID_VIEW,
        WIDE_VIEW,
        AppearanceNetwork,
        Looks,
        joined,
        logits,
        pool,
    )
    from alive402.liveness.networks.experts import EXPERTS
    from alive402.liveness.networks.model_files import WEIGHTS
    from alive402.liveness.networks.tflite import open_network
    from alive402.liveness.networks.threads import one_thread_each
    from alive402.liveness.networks.wheel_download import Wheel, extract_from_wheel
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "appearance": ["MID_VIEW", "WIDE_VIEW", "AppearanceNetwork", "Looks", "joined", "logits", "pool"],
            "experts": ["EXPERTS"],
            "model_files": ["WEIGHTS"],
            "tflite": ["open_network"],
            "threads": ["one_thread_each"],
            "wheel_download": ["Wheel", "extract_from_wheel"],
        },
    )

__all__ = [
    "EXPERTS",
    "MID_VIEW",
    "WEIGHTS",
    "WIDE_VIEW",
    "AppearanceNetwork",
    "Looks",
    "Wheel",
    "extract_from_wheel",
    "joined",
    "logits",
    "model_files",
    "one_thread_each",
    "open_network",
    "pool",
]

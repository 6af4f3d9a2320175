"""Providers answer calls; each implements the Protocol `base.Provider`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alive402.lazy import lazy_names

if TYPE_CHECKING:
    from alive402.providers.alibaba import AlibabaProvider, CloudAccount
    from alive402.providers.base import Answer, AsksChallenges, Judges, Provider
    from alive402.providers.cluster import Cluster, ClusterLimits
    from alive402.providers.fair_queue import Places, waiting_as
    from alive402.providers.local import LocalProvider
    from alive402.providers.local_images import MAX_IMAGES_BYTES, LocalImages
    from alive402.providers.trial import Trial
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "alibaba": ["AlibabaProvider", "CloudAccount"],
            "base": ["Answer", "AsksChallenges", "Judges", "Provider"],
            "cluster": ["Cluster", "ClusterLimits"],
            "fair_queue": ["Places", "waiting_as"],
            "local": ["LocalProvider"],
            "local_images": ["MAX_IMAGES_BYTES", "LocalImages"],
            "trial": ["Trial"],
        },
    )

__all__ = [
    "MAX_IMAGES_BYTES",
    "AlibabaProvider",
    "Answer",
    "AsksChallenges",
    "CloudAccount",
    "Cluster",
    "ClusterLimits",
    "Judges",
    "LocalImages",
    "LocalProvider",
    "Places",
    "Provider",
    "Trial",
    "waiting_as",
]

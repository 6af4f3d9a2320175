"""The service's settings, typed: one group a subject."""

from __future__ import annotations

from alive402.settings.accepting import DEV, NETWORKS, Accepted
from alive402.settings.settings import Settings
from alive402.settings.unknown import unknown_settings

__all__ = ["DEV", "NETWORKS", "Accepted", "Settings", "unknown_settings"]

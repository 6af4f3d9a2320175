"""What is sold."""

from __future__ import annotations

from alive402.catalog.service import LIVENESS, ServiceDefinition

__all__ = ["LIVENESS", "ServiceDefinition"]

"""The operator's routes: summary, access, health, metrics."""

from __future__ import annotations

from alive402.http.ops import health, metrics
from alive402.http.ops.access import OpsAccess
from alive402.http.ops.metrics import Metrics, Readers
from alive402.http.ops.summary import Ops

__all__ = ["Metrics", "Ops", "OpsAccess", "Readers", "health", "metrics"]

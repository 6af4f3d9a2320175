"""What keeps a service running: webhooks, retention, erasure, insight, health check, tracing."""

from __future__ import annotations

from alive402.operations.chain_standing import ChainStanding
from alive402.operations.erasure import CallUnknown, Erasure, ProofMissing
from alive402.operations.health_check import HealthCheck, Machine
from alive402.operations.insight import Insight, Interval, Span
from alive402.operations.retention import Keeping, Retention
from alive402.operations.tracing import Tracing
from alive402.operations.webhooks import WEBHOOK_ANSWER_SECONDS, Courier

__all__ = [
    "WEBHOOK_ANSWER_SECONDS",
    "CallUnknown",
    "ChainStanding",
    "Courier",
    "Erasure",
    "HealthCheck",
    "Insight",
    "Interval",
    "Keeping",
    "Machine",
    "ProofMissing",
    "Retention",
    "Span",
    "Tracing",
]

"""The database: driver, migrations, leases, and the outbox of notifications."""

from __future__ import annotations

from alive402.storage.copies import CopyFailed, DatabaseDamaged
from alive402.storage.database import Clock, Database, utc_now
from alive402.storage.leases import Lease
from alive402.storage.models import Base, Utc
from alive402.storage.outbox import DeliveryState, Outbox, WebhookDelivery

__all__ = [
    "Base",
    "Clock",
    "CopyFailed",
    "Database",
    "DatabaseDamaged",
    "DeliveryState",
    "Lease",
    "Outbox",
    "Utc",
    "WebhookDelivery",
    "utc_now",
]

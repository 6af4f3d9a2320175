"""The registry of services; each has one module with its definition, provider and renderer."""

from __future__ import annotations

from alive402.services.image_liveness import IMAGE_LIVENESS_SERVICE
from alive402.services.service import LocalTool, Service
from alive402.services.video_liveness import VIDEO_LIVENESS_SERVICE

SERVICES = (VIDEO_LIVENESS_SERVICE, IMAGE_LIVENESS_SERVICE)
"""All known services. Adding a service here is all that makes it known; the setting `services` says which are sold, and
in which order."""

DEFINITIONS = tuple(service.definition for service in SERVICES)

__all__ = ["DEFINITIONS", "SERVICES", "LocalTool", "Service"]

"""The registry of services; each has one module with its definition, provider and renderer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alive402.lazy import lazy_names
from alive402.services.image_liveness import IMAGE_LIVENESS_SERVICE
from alive402.services.service import LocalTool, Service
from alive402.services.video_liveness import VIDEO_LIVENESS_SERVICE

if TYPE_CHECKING:
    from alive402.services.local import on_this_machine
else:
    # It loads the MCP library.
    __getattr__ = lazy_names(__name__, {"local": ["on_this_machine"]})

SERVICES = (VIDEO_LIVENESS_SERVICE, IMAGE_LIVENESS_SERVICE)
"""All known services. Adding a service here is all that makes it known; the setting `services` says which are sold, and
in which order."""

DEFINITIONS = tuple(service.definition for service in SERVICES)

__all__ = ["DEFINITIONS", "SERVICES", "LocalTool", "Service", "on_this_machine"]

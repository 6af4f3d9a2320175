"""The catalog: service definitions, and the documents rendered from them."""

from __future__ import annotations

from alive402.catalog.image_liveness import IMAGE_LIVENESS
from alive402.catalog.quality import Quality
from alive402.catalog.service import ServiceDefinition
from alive402.catalog.site import PriceOption, SiteCatalog
from alive402.catalog.video_liveness import LIVENESS

__all__ = ["IMAGE_LIVENESS", "LIVENESS", "PriceOption", "Quality", "ServiceDefinition", "SiteCatalog"]

"""What describes the service: catalog, OpenAPI, llms.txt, well-known files, pages, privacy."""

from __future__ import annotations

from alive402.http.discovery import capture_page, payment_page, privacy, well_known
from alive402.http.discovery.pages import Pages
from alive402.http.discovery.surfaces import Surfaces

__all__ = ["Pages", "Surfaces", "capture_page", "payment_page", "privacy", "well_known"]

"""The routes that buyers call: tools, payments, uploads, jobs, MCP."""

from __future__ import annotations

from alive402.http.routes import jobs, mcp, payments, tools, uploads
from alive402.http.routes.uploads import DRAIN_SECONDS

__all__ = ["DRAIN_SECONDS", "jobs", "mcp", "payments", "tools", "uploads"]

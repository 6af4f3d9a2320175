"""The routes that buyers call: tools, payments, uploads, challenges, jobs, MCP."""

from __future__ import annotations

from alive402.http.routes import challenges, jobs, mcp, payments, tools, uploads
from alive402.http.routes.mcp_challenge import FaceChallenge
from alive402.http.routes.receiving import drain

__all__ = ["FaceChallenge", "challenges", "drain", "jobs", "mcp", "payments", "tools", "uploads"]

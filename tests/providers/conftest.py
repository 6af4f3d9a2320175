"""Fixtures: the running service of the HTTP tests."""

from __future__ import annotations

from tests.http.conftest import service, start, videos  # noqa: F401

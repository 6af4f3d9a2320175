"""Tests of the MCP guide."""

from __future__ import annotations

import re

from alive402.mcp.guide import agent_guide
from alive402.services import DEFINITIONS


def test_guide_has_every_tool_with_its_required_arguments_and_price() -> None:
    text = agent_guide(DEFINITIONS)
    for service in DEFINITIONS:
        assert f"`{service.tool_name}`" in text
        assert service.price in text
        assert all(name in text for name in service.input_schema["required"])
    assert not re.search(r"[{}]{2}", text)


def test_guide_of_one_service_names_no_other() -> None:
    for service in DEFINITIONS:
        text = agent_guide([service])
        assert not any(f"Tool: `{other.tool_name}`" in text for other in DEFINITIONS if other is not service)

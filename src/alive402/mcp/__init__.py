"""The MCP server, its tools and its guide."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alive402.lazy import lazy_names

if TYPE_CHECKING:
    from alive402.mcp.guide import agent_guide
    from alive402.mcp.local import LocalService, local_server, serve_over_stdio
    from alive402.mcp.server import ToolCall, agent_server
    from alive402.mcp.tool import (
        CHALLENGE_TOOL,
        CHALLENGE_TOOL_INPUT,
        PAYING,
        PAYMENT_KEYS,
        answer_result,
        challenge_result,
        challenge_tool,
        paid_tool,
        refusal_result,
    )
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "guide": ["agent_guide"],
            "local": ["LocalService", "local_server", "serve_over_stdio"],
            "server": ["ToolCall", "agent_server"],
            "tool": [
                "CHALLENGE_TOOL",
                "CHALLENGE_TOOL_INPUT",
                "PAYING",
                "PAYMENT_KEYS",
                "answer_result",
                "challenge_result",
                "challenge_tool",
                "paid_tool",
                "refusal_result",
            ],
        },
    )

__all__ = [
    "CHALLENGE_TOOL",
    "CHALLENGE_TOOL_INPUT",
    "PAYING",
    "PAYMENT_KEYS",
    "LocalService",
    "ToolCall",
    "agent_guide",
    "agent_server",
    "answer_result",
    "challenge_result",
    "challenge_tool",
    "local_server",
    "paid_tool",
    "refusal_result",
    "serve_over_stdio",
]

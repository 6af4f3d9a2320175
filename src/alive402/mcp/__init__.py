"""The MCP server, its tools and its guide."""

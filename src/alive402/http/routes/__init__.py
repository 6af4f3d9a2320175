"""The routes that buyers call: tools, payments, uploads, jobs, MCP."""

"""What agents are told over MCP, whoever answers: the tool, the guide, the server around them."""

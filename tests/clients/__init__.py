"""Matrix of clients: other people's programs, pinned, run as they ship against a real service on loopback."""

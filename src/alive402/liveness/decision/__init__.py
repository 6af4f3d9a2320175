"""From evidence to an answer: quality, fusion, and which engine decided."""

"""Who answers, and who waits for it."""

"""The main job shown end to end: two clips, a buyer with test money, and what comes of it."""

"""The pages, as a person meets them: in a real browser, against a real service."""

"""Who answers: whoever fulfils the one Protocol in `base`."""

"""Networks and their files: our appearance network, optional experts, runtimes, the model registry."""

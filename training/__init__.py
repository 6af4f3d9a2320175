"""How the weights and the numbers of the fusion were made; not installed with the package."""

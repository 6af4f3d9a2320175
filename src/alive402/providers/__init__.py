"""Providers answer calls; each implements the Protocol `base.Provider`."""

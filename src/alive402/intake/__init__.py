"""Strangers' files: fetched from checked addresses, recognised, uploaded, judged in a sandbox."""

"""Strangers' video: fetched from checked addresses, recognised by its bytes, judged in a process that can be killed."""

"""Tests of the Alibaba-compatible API."""

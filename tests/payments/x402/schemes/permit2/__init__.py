"""Tests of what the schemes over Permit2 share."""

"""Tests of the sandbox and its workers."""

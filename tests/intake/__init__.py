"""Tests of fetching, uploading and sandboxed judging of untrusted files."""

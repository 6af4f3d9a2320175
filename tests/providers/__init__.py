"""Tests of providers, admission and queues."""

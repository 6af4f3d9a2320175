"""Tests of webhooks, retention and the operator's figures."""

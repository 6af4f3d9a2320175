"""Tests of the OpenAPI document and the other descriptions."""

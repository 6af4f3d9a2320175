"""Measures the engine on labelled clips, by ISO/IEC 30107-3. Imports `liveness` only."""

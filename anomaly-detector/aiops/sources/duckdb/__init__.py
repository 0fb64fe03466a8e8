"""Telemetry kept in one DuckDB file."""

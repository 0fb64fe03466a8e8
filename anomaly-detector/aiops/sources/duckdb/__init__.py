"""Telemetry stored in one DuckDB file."""

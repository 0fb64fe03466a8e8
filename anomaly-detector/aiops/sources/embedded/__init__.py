"""Telemetry without any other program: an OTLP receiver in a process of its own, and DuckDB.

Nothing is imported here: the receiver process shares this package and must stay small. Build `source.EmbeddedSource`.
"""

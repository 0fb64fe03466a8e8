"""Telemetry in files, whoever wrote them."""

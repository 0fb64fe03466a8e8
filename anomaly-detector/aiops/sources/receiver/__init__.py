"""OTLP received in a process of its own."""

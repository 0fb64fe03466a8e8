"""The engine's own metrics, logs and traces."""

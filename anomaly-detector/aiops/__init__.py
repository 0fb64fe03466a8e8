"""aiops: telemetry in, explained incidents out."""

__version__ = "0.1.0"

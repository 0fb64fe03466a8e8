"""The receiver of OTLP, in a separate process."""

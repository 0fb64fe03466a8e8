"""Telemetry in files, whoever wrote them: recognised by the content, also compressed by gzip or zstd.

`reading.read_spans` reads the spans of one file as columns, and as Traces; `batches.FileReader` reads OTLP, metrics
too, as rows of the engine's store.
"""

"""Grafana Tempo 3 as a source: traces by TraceQL and by id, topology from a sample of them."""

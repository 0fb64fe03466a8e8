"""Rules of objectives for Prometheus and Grafana, and the proof that they fire."""

"""Metrics, topology and verdicts in Prometheus, or what speaks its API: Mimir, Cortex, Thanos, VictoriaMetrics."""

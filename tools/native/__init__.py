"""The stack without containers: Prometheus, Alertmanager and the Collector built from Go modules, run on loopback."""

"""Grafana's dashboards as code: `python -m tools.dashboards` writes them, and tables in docs/dashboards.md."""

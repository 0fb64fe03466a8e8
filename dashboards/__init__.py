"""Grafana's dashboards as code: `python -m dashboards` writes grafana/dashboards, and tables in docs/dashboards.md."""

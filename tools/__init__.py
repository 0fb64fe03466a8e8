"""Tools of those who make the platform: dashboards as code, the native stack, releases."""

"""Remediation: what may be done about an incident, who allows it, and how it is done. Only `executors` reach out."""

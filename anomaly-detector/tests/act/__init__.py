"""Tests of remediation: policy, gate, executors, and the life of an action."""

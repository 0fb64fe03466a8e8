"""Tests of `aiops.explain`."""

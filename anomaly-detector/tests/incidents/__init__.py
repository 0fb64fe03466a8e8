"""Tests of `aiops.incidents`."""

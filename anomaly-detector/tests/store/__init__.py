"""Tests of `aiops.store`."""

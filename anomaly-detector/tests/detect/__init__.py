"""Tests of `aiops.detect`."""

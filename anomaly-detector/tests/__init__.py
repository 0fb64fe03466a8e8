"""Tests of `aiops`, by room."""

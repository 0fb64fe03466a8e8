"""Tests over a running platform."""

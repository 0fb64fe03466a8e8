"""Tests of `aiops.sources`; the contract modules run on every adapter in `conftest`."""

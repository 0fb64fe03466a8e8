"""Benchmarks against peers and the limit; each prints ratios from one run."""

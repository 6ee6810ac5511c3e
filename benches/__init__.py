"""Benchmarks of the whole."""
